# The program alone, as a release has it, and the authorities that TLS trusts. The build context is a folder with both. There
# is no shell in it: `--session-command` and `--restart-command` need an image of your own.
FROM scratch
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY endspec /endspec
WORKDIR /work
ENTRYPOINT ["/endspec"]
