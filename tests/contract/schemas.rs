//! The schemas: what each takes and refuses, as JSON and as XML.

use endspec::contract::schema::{SchemaName, normalise_xml};
use endspec::load::contract::{built_in, revisions};
use endspec::tree::Tree;
use serde_json::{Value, json};

const ID: &str = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";

/// Places in the instance that a schema, named as its file is, complains about.
fn violations(file: &str, instance: &Value) -> Vec<String> {
    let name = SchemaName::of_file(&format!("{file}.json")).expect("a file's name");
    let contract = built_in(None);
    let schema = contract.schemas.get(&name).expect("the schema exists");
    let found = schema.violations(instance);
    assert_eq!(schema.violations_in(Tree::of(instance).root()), found, "in a tree: {instance}");
    let mut places: Vec<String> = found.into_iter().map(|violation| violation.instance).collect();
    places.dedup();
    places
}

#[test]
fn schemas_take_what_is_documented_and_refuse_what_is_not() {
    let end = json!({ "RegionId": "cn-hangzhou", "SessionId": "s-hz023od0x9" });
    let start = json!({ "RegionId": "cn-hangzhou", "InstanceId": ["i-1"] });
    let started = json!({ "RequestId": ID, "SessionId": "s-1", "SecurityToken": "t", "WebSocketUrl": "wss://x/" });
    let error = json!({ "RequestId": ID, "Code": "A.B", "Message": "m", "HostId": "h", "Recommend": "r" });
    let connected = json!({ "InstanceId": "i-1", "Status": "Connected" });
    let described = json!({ "RequestId": ID, "NextToken": "", "Sessions": { "Session": [
        { "SessionId": "s-1", "Connections": { "Connection": [connected] } },
        { "SessionId": "s-2", "Connections": { "Connection": [] }, "PortNumber": "", "CreationTime": 1 },
        { "SessionId": "s-3" },
    ] } });
    let with = |base: &Value, name: &str, value: Value| {
        let mut changed = base.clone();
        changed[name] = value;
        changed
    };
    let without = |base: &Value, name: &str| {
        let mut changed = base.clone();
        changed.as_object_mut().expect("an object").shift_remove(name);
        changed
    };
    let sessions = |list: Value| json!({ "RequestId": ID, "Sessions": { "Session": list } });
    let long = |length: usize| json!("a".repeat(length));

    let rows: Vec<(&str, &str, Value, &[&str])> = vec![
        ("EndTerminalSession.request", "both parameters", end.clone(), &[]),
        ("EndTerminalSession.request", "a parameter that nobody knows", with(&end, "OwnerId", json!("1")), &[]),
        ("EndTerminalSession.request", "no SessionId", without(&end, "SessionId"), &[""]),
        ("EndTerminalSession.request", "an empty RegionId", with(&end, "RegionId", json!("")), &["/RegionId"]),
        ("EndTerminalSession.request", "a number", with(&end, "SessionId", json!(1)), &["/SessionId"]),
        ("EndTerminalSession.success", "RequestId alone", json!({ "RequestId": ID }), &[]),
        ("EndTerminalSession.success", "lower-case digits", json!({ "RequestId": ID.to_lowercase() }), &[]),
        ("EndTerminalSession.success", "further members", json!({ "RequestId": ID, "A": [1], "HostId": null }), &[]),
        ("EndTerminalSession.success", "a harmless Code", json!({ "RequestId": ID, "Code": "OK" }), &[]),
        ("EndTerminalSession.success", "a harmless number", json!({ "RequestId": ID, "Code": 200 }), &[]),
        ("EndTerminalSession.success", "no Code, written out", json!({ "RequestId": ID, "Code": null }), &[]),
        ("EndTerminalSession.success", "a Code", json!({ "RequestId": ID, "Code": "Nope" }), &["/Code"]),
        ("EndTerminalSession.success", "nothing", json!({}), &[""]),
        ("EndTerminalSession.success", "a lower-case name", json!({ "requestId": ID }), &[""]),
        ("EndTerminalSession.success", "no object", json!([ID]), &[""]),
        ("EndTerminalSession.success", "null", json!({ "RequestId": null }), &["/RequestId"]),
        ("EndTerminalSession.success", "no hyphens", json!({ "RequestId": ID.replace('-', "") }), &["/RequestId"]),
        ("EndTerminalSession.success", "no digit", json!({ "RequestId": ID.replace('E', "G") }), &["/RequestId"]),
        ("EndTerminalSession.success", "text around", json!({ "RequestId": format!("{{{ID}}}") }), &["/RequestId"]),
        ("EndTerminalSession.success", "a line feed", json!({ "RequestId": format!("{ID}\n") }), &["/RequestId"]),
        ("Error", "the envelope", error.clone(), &[]),
        ("Error", "an object within", with(&error, "AccessDeniedDetail", json!({ "AuthAction": "a" })), &[]),
        ("Error", "no HostId", without(&error, "HostId"), &[]),
        ("Error", "an empty message", with(&error, "Message", json!("")), &[]),
        ("Error", "no RequestId", without(&error, "RequestId"), &[""]),
        ("Error", "no Code", without(&error, "Code"), &[""]),
        ("Error", "no Message", without(&error, "Message"), &[""]),
        ("Error", "lower-case names", json!({ "requestId": ID, "code": "a", "message": "m" }), &[""]),
        ("Error", "a Code that is a number", with(&error, "Code", json!(404)), &["/Code"]),
        ("Error", "an empty Code", with(&error, "Code", json!("")), &["/Code"]),
        ("Error", "a Message that is an object", with(&error, "Message", json!({})), &["/Message"]),
        ("StartTerminalSession.request", "what must be there", start.clone(), &[]),
        ("StartTerminalSession.request", "ten instances", with(&start, "InstanceId", json!(vec!["i"; 10])), &[]),
        ("StartTerminalSession.request", "eleven", with(&start, "InstanceId", json!(vec!["i"; 11])), &["/InstanceId"]),
        ("StartTerminalSession.request", "none", with(&start, "InstanceId", json!([])), &["/InstanceId"]),
        ("StartTerminalSession.request", "a text", with(&start, "InstanceId", json!("i")), &["/InstanceId"]),
        ("StartTerminalSession.request", "no instance", without(&start, "InstanceId"), &[""]),
        ("StartTerminalSession.request", "a command", with(&start, "CommandLine", long(512)), &[]),
        ("StartTerminalSession.request", "a long one", with(&start, "CommandLine", long(513)), &["/CommandLine"]),
        ("StartTerminalSession.request", "a server alone", with(&start, "TargetServer", json!("a")), &[""]),
        (
            "StartTerminalSession.request",
            "a server and its port",
            with(&with(&start, "TargetServer", long(128)), "PortNumber", json!(22)),
            &[],
        ),
        (
            "StartTerminalSession.request",
            "a command and a port",
            with(&with(&start, "CommandLine", json!("a")), "PortNumber", json!(22)),
            &["/PortNumber"],
        ),
        (
            "StartTerminalSession.request",
            "a command for two",
            with(&with(&start, "CommandLine", json!("a")), "InstanceId", json!(["a", "b"])),
            &["/InstanceId"],
        ),
        (
            "StartTerminalSession.request",
            "another network",
            with(&start, "ConnectionType", json!("X")),
            &["/ConnectionType"],
        ),
        ("StartTerminalSession.request", "a token", with(&start, "ClientToken", json!("é")), &["/ClientToken"]),
        ("StartTerminalSession.request", "a name", with(&start, "PasswordName", long(256)), &["/PasswordName"]),
        ("StartTerminalSession.success", "all four", started.clone(), &[]),
        ("StartTerminalSession.success", "more", with(&started, "A", json!(1)), &[]),
        ("StartTerminalSession.success", "no token", without(&started, "SecurityToken"), &[""]),
        ("StartTerminalSession.success", "no URL", with(&started, "WebSocketUrl", json!(null)), &["/WebSocketUrl"]),
        ("StartTerminalSession.success", "an empty id", with(&started, "SessionId", json!("")), &["/SessionId"]),
        ("DescribeTerminalSessions.request", "a region", json!({ "RegionId": "cn-hangzhou" }), &[]),
        ("DescribeTerminalSessions.request", "most", json!({ "RegionId": "a", "MaxResults": 100 }), &[]),
        (
            "DescribeTerminalSessions.request",
            "too many",
            json!({ "RegionId": "a", "MaxResults": 101 }),
            &["/MaxResults"],
        ),
        ("DescribeTerminalSessions.request", "none", json!({ "RegionId": "a", "MaxResults": 0 }), &["/MaxResults"]),
        ("DescribeTerminalSessions.success", "sessions", described.clone(), &[]),
        ("DescribeTerminalSessions.success", "none", sessions(json!([])), &[]),
        ("DescribeTerminalSessions.success", "no wrapper", json!({ "RequestId": ID, "Sessions": [] }), &["/Sessions"]),
        ("DescribeTerminalSessions.success", "no list", sessions(json!({ "SessionId": "s" })), &["/Sessions/Session"]),
        ("DescribeTerminalSessions.success", "no id", sessions(json!([{}])), &["/Sessions/Session/0"]),
        (
            "DescribeTerminalSessions.success",
            "no wrapper within",
            sessions(json!([{ "SessionId": "s", "Connections": [{ "Status": "Connected" }] }])),
            &["/Sessions/Session/0/Connections"],
        ),
        (
            "DescribeTerminalSessions.success",
            "no status",
            sessions(json!([{ "SessionId": "s", "Connections": { "Connection": [{}] } }])),
            &["/Sessions/Session/0/Connections/Connection/0"],
        ),
        ("DescribeTerminalSessions.success", "no sessions", without(&described, "Sessions"), &[""]),
    ];
    for (schema, name, instance, places) in rows {
        assert_eq!(violations(schema, &instance), places, "{schema}: {name}: {instance}");
    }
}

#[test]
fn xml_is_shaped_as_the_schema_asks_and_then_judged_like_json() {
    let list = |sessions: Value| json!({ "RequestId": ID, "Sessions": sessions });
    let rows: Vec<(&str, Value, &[&str])> = vec![
        ("no session", list(json!("")), &[]),
        ("white space for no session", list(json!("\n  ")), &[]),
        ("one session", list(json!({ "Session": { "SessionId": "s-1", "Connections": "" } })), &[]),
        ("two sessions", list(json!({ "Session": [{ "SessionId": "s-1" }, { "SessionId": "s-2" }] })), &[]),
        (
            "one connection",
            list(json!({ "Session": { "SessionId": "s", "Connections": { "Connection": { "Status": "Failed" } } } })),
            &[],
        ),
        ("an empty session", list(json!({ "Session": "" })), &["/Sessions/Session/0"]),
        ("text for a session", list(json!({ "Session": "s-1" })), &["/Sessions/Session/0"]),
        ("text for the wrapper", list(json!("s-1")), &["/Sessions"]),
        ("an empty id", list(json!({ "Session": { "SessionId": "" } })), &["/Sessions/Session/0/SessionId"]),
        ("no wrapper", json!({ "RequestId": ID }), &[""]),
        ("no text", json!(""), &[""]),
    ];
    let contract = built_in(None);
    let schema = contract.schema("DescribeTerminalSessions", "success").expect("it exists");
    for (name, instance, places) in rows {
        let mut found: Vec<String> =
            schema.violations_in_xml(Tree::of(&instance).root()).into_iter().map(|v| v.instance).collect();
        found.dedup();
        assert_eq!(found, places, "{name}: {instance}");
    }
}

#[test]
fn xml_text_becomes_a_number_or_a_boolean_only_where_the_schema_asks_for_one() {
    let schema = endspec::contract::Schema::known(json!({ "properties": {
        "Number": { "type": "integer" }, "Truth": { "type": "boolean" }, "Text": { "type": "string" },
    } }));
    let document = json!({ "Number": " 22 ", "Truth": "true", "Text": "22", "Other": "22" });
    let shaped = json!({ "Number": 22, "Truth": true, "Text": "22", "Other": "22" });
    let normalised = |document: &Value| normalise_xml(Tree::of(document).root(), &schema);
    assert_eq!(normalised(&document), Tree::of(&shaped));
    let odd = json!({ "Number": "many", "Truth": "\"true\"", "Text": { "a": "" } });
    assert_eq!(normalised(&odd), Tree::of(&odd));
}

#[test]
fn every_schema_says_what_it_is_and_where_it_comes_from() {
    for revision in revisions() {
        let contract = built_in(Some(revision));
        for (name, schema) in &contract.schemas {
            let file = name.file();
            let text = |key: &str| schema.value[key].as_str().unwrap_or_else(|| panic!("{file} has no {key}"));
            assert!(text("$id").ends_with(file.trim_end_matches(".json")), "{file}");
            assert!(!text("title").is_empty());
            assert!(["page", "answers"].iter().any(|word| text("description").contains(word)), "{file}");
            assert_eq!(text("$schema"), "https://json-schema.org/draft/2020-12/schema");
            assert_ne!(schema.value["additionalProperties"], json!(false), "{file} is open");
        }
        assert_eq!(contract.schemas.len(), 7);
    }
}

#[test]
fn examples_in_schemas_are_valid_by_them() {
    let contract = built_in(None);
    for (name, schema) in &contract.schemas {
        let properties = schema.value["properties"].as_object().expect("properties");
        for (member, described) in properties {
            for example in described["examples"].as_array().into_iter().flatten() {
                let alone = endspec::contract::Schema::compile(described.clone()).expect("a schema by itself");
                assert!(alone.violations(example).is_empty(), "{}: {member}: {example}", name.file());
            }
        }
    }
}

#[test]
fn violations_do_not_repeat_what_the_endpoint_sent() {
    let contract = built_in(None);
    let schema = contract.schema("Error", "error").expect("it exists");
    let secret = json!({ "RequestId": "secret-token", "Code": ["secret-token"], "Message": "m" });
    for violation in schema.violations(&secret) {
        assert!(!violation.message.contains("secret-token"), "{violation:?}");
    }
}
