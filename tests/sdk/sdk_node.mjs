// The official Node clients, new (TypeScript) and pop-core, against one endpoint.
//
// The same checks as sdk_python.py: what is asserted is the error's type and its fields, as a
// program sees them, never the bytes on the wire.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// The packages live outside this folder, where `import` would not find them.
const require = createRequire(join(process.env.SDK_MODULES ?? 'node_modules', 'of-this-folder.js'));
const ecs = require('@alicloud/ecs20140526');
const { $OpenApiUtil, ClientError } = require('@alicloud/openapi-core');
const PopCore = require('@alicloud/pop-core');

const OUTCOMES = JSON.parse(readFileSync(new URL('outcomes.json', import.meta.url), 'utf8'));
const REGION = process.env.REGION ?? 'cn-hangzhou';
const UNSUPPORTED_REGION = process.env.UNSUPPORTED_REGION ?? 'cn-fuzhou';
const INSTANCE = process.env.INSTANCE_ID ?? 'i-bp1sdkinterop0';
const REPEAT_END = process.env.REPEAT_END ?? 'not-found';
const UUID = /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/i;
// Every character on which clients, servers and the two signature schemes have disagreed.
const AWKWARD_ID = 's-hz 023*~+/%é';

/** @alicloud/ecs20140526: signs V3, or V1 when told `v2`, as its own documents call that. */
class NewNode {
  constructor(target, key, secret, algorithm) {
    this.name = `node-new-${algorithm ? 'v1' : 'v3'}`;
    this.client = new ecs.default(new $OpenApiUtil.Config({
      accessKeyId: key,
      accessKeySecret: secret,
      endpoint: new URL(target).host,
      protocol: 'HTTP',
      regionId: REGION,
      signatureAlgorithm: algorithm,
    }));
  }

  async start() {
    const request = new ecs.StartTerminalSessionRequest({ regionId: REGION, instanceId: [INSTANCE] });
    const { body } = await this.client.startTerminalSession(request);
    return {
      RequestId: body.requestId,
      SessionId: body.sessionId,
      SecurityToken: body.securityToken,
      WebSocketUrl: body.webSocketUrl,
    };
  }

  async statuses(sessionId) {
    const request = new ecs.DescribeTerminalSessionsRequest({ regionId: REGION, sessionId });
    const { body } = await this.client.describeTerminalSessions(request);
    const found = body.sessions.session.find((session) => session.sessionId === sessionId);
    return found?.connections.connection.map((connection) => connection.status);
  }

  async end(sessionId, regionId = REGION) {
    const request = new ecs.EndTerminalSessionRequest({ regionId, sessionId });
    return (await this.client.endTerminalSession(request)).body.requestId;
  }

  isRefusal(error) {
    return error instanceof ClientError;
  }

  failure(error) {
    const { statusCode: status, code, message, requestId } = error;
    return { status, code, message, requestId };
  }
}

/** @alicloud/pop-core: always V1, everything in the query (GET) or everything in the form (POST). */
class Pop {
  constructor(target, key, secret, method) {
    this.name = `pop-core-${method.toLowerCase()}-v1`;
    this.method = method;
    this.client = new PopCore({
      accessKeyId: key,
      accessKeySecret: secret,
      endpoint: new URL(target).origin,
      apiVersion: '2014-05-26',
    });
  }

  send(action, parameters) {
    return this.client.request(action, { RegionId: REGION, ...parameters }, { method: this.method });
  }

  async start() {
    const { RequestId, SessionId, SecurityToken, WebSocketUrl } =
      await this.send('StartTerminalSession', { InstanceId: [INSTANCE] });
    return { RequestId, SessionId, SecurityToken, WebSocketUrl };
  }

  async statuses(sessionId) {
    const answer = await this.send('DescribeTerminalSessions', { SessionId: sessionId });
    const found = answer.Sessions.Session.find((session) => session.SessionId === sessionId);
    return found?.Connections.Connection.map((connection) => connection.Status);
  }

  async end(sessionId, region = REGION) {
    // A member that is undefined would be signed and sent as the text "undefined".
    const parameters = sessionId === undefined ? {} : { SessionId: sessionId };
    return (await this.send('EndTerminalSession', { RegionId: region, ...parameters })).RequestId;
  }

  // pop-core has no error class: a plain Error named after the Code, with the body as its data.
  isRefusal(error) {
    return error instanceof Error && error.data?.Code === error.code && error.name === `${error.code}Error`;
  }

  failure(error) {
    const { Code: code, Message: message, RequestId: requestId } = error.data;
    return { status: error.entry.response.statusCode, code, message, requestId };
  }
}

function expect(condition, text) {
  if (!condition) throw new Error(text);
}

function matches(code, patterns) {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : code === pattern);
}

/** The call must throw the client's own error with what the outcome permits. */
async function refused(client, outcome, call) {
  const { statuses, codes, message } = OUTCOMES[outcome];
  let answer;
  try {
    answer = await call();
  } catch (error) {
    // Not always an Error: pop-core's JSON parser throws a bare object.
    expect(client.isRefusal(error), `expected an error of the API, got ${error.name}: ${error.message}`);
    const failure = client.failure(error);
    const got = `got ${JSON.stringify(failure)}`;
    expect(statuses.includes(failure.status), `expected status ${statuses}, ${got}`);
    expect(matches(failure.code, codes), `expected code ${codes}, ${got}`);
    expect(failure.message.includes(message), `expected message "${message}", ${got}`);
    expect(UUID.test(failure.requestId), `expected a request id, ${got}`);
    return failure;
  }
  throw new Error(`expected ${outcome}, got the success ${answer}`);
}

/** Runs the checks of one client, one line each, and counts the failed ones. */
async function run(make, key, secret) {
  const client = make(key, secret);
  let failed = 0;

  async function check(name, body) {
    try {
      const answer = await body();
      console.log(`ok      ${client.name}  ${name}`);
      return answer;
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${client.name}  ${name}: ${error.message}`.replaceAll('\n', ' '));
      return undefined;
    }
  }

  const started = await check('StartTerminalSession answers all members', async () => {
    const answer = await client.start();
    for (const [name, value] of Object.entries(answer)) {
      expect(typeof value === 'string' && value, `expected a string ${name}, got ${value}`);
    }
    expect(UUID.test(answer.RequestId), `expected a UUID, got ${answer.RequestId}`);
    expect(/^wss?:\/\//.test(answer.WebSocketUrl), `expected a URL, got ${answer.WebSocketUrl}`);
    return answer;
  });
  if (!started) return failed;
  const session = started.SessionId;

  async function end() {
    const requestId = await client.end(session);
    expect(UUID.test(requestId), `expected a UUID, got ${requestId}`);
  }

  const neverIssued = session.slice(0, -1) + (session.endsWith('0') ? '1' : '0');
  await check('DescribeTerminalSessions finds the open session', async () =>
    expect(await client.statuses(session), 'the open session is not listed'));
  // The refusals come first, so that the one success shows that none of them did anything.
  for (const [name, outcome, call] of [
    ['no SessionId', 'session-missing', () => client.end(undefined)],
    ['an empty SessionId', 'session-empty', () => client.end('')],
    ['a SessionId never issued', 'session-not-found', () => client.end(neverIssued)],
    ['a SessionId of awkward characters', 'session-malformed', () => client.end(AWKWARD_ID)],
    ['an unsupported region', 'region-not-supported', () => client.end(session, UNSUPPORTED_REGION)],
    ['an unknown access key', 'unknown-access-key', () => make(`unknown${key}`, secret).end(session)],
  ]) {
    await check(`EndTerminalSession with ${name}`, () => refused(client, outcome, call));
  }
  await check('EndTerminalSession with a wrong secret', async () => {
    const stranger = make(key, `${secret}x`);
    const failure = await refused(client, 'signature-mismatch', () => stranger.end(session));
    if (client.name.endsWith('-v1')) {
      expect(failure.message.includes('server string to sign is:'), `no string to sign in ${failure.message}`);
    }
  });
  await check('EndTerminalSession ends the session', end);
  await check('DescribeTerminalSessions shows no open connection', async () => {
    const statuses = (await client.statuses(session)) ?? [];
    expect(!statuses.some((status) => /^Connect/.test(status)), `an ended session is ${statuses}`);
  });
  if (REPEAT_END === 'idempotent') {
    await check('EndTerminalSession again', end);
  } else {
    await check('EndTerminalSession again is refused', () =>
      refused(client, 'session-not-found', () => client.end(session)));
  }
  return failed;
}

const target = process.argv[2];
const key = process.env.ALIBABA_CLOUD_ACCESS_KEY_ID;
const secret = process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET;
const makers = [
  (...credential) => new NewNode(target, ...credential),
  (...credential) => new NewNode(target, ...credential, 'v2'),
  (...credential) => new Pop(target, ...credential, 'GET'),
  (...credential) => new Pop(target, ...credential, 'POST'),
];
let failed = 0;
for (const make of makers) failed += await run(make, key, secret);
// pop-core's keep-alive agents would hold the process for as long as the server holds them.
process.exit(failed ? 1 : 0);
