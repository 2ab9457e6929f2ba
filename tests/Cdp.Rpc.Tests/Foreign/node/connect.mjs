// Checks the server with @connectrpc/connect-node over HTTP/1.1, once with messages in JSON and once in protobuf's encoding.
// Prints one line for each check: "ok NAME" or "FAIL NAME: why". Arguments: host:port, file with a FileDescriptorSet.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { protoCamelCase } from '@bufbuild/protobuf/reflect';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { compressionGzip, createConnectTransport } from '@connectrpc/connect-node';

const [target, descriptors] = process.argv.slice(2);
const files = fromBinary(FileDescriptorSetSchema, fs.readFileSync(descriptors));

// The compiler writes the names of JSON into a descriptor, the code that it generates for C# leaves them out.
const name = message => {
  for (const field of message.field) field.jsonName ||= protoCamelCase(field.name);
  message.nestedType.forEach(name);
};
for (const file of files.file) file.messageType.forEach(name);
const registry = createFileRegistry(files);
const errorInfo = registry.getMessage('google.rpc.ErrorInfo');
const badRequest = registry.getMessage('google.rpc.BadRequest');
const retryInfo = registry.getMessage('google.rpc.RetryInfo');

const fails = async (promise, code) => {
  let error;
  try { await promise; } catch (e) { error = e; }
  assert.ok(error instanceof ConnectError, 'the call should have failed');
  assert.equal(error.code, code, `code ${error.code}: ${error.message}`);
  return error;
};

const collect = async replies => {
  const all = [];
  for await (const reply of replies) all.push(reply);
  return all;
};

const checksOf = (probe, health) => ({
  async unary() {
    const reply = await probe.echo({ number: 42n, text: 'Größe', data: new Uint8Array([7, 8, 9]) });
    assert.deepEqual([reply.number, reply.text, [...reply.data]], [42n, 'Größe', [7, 8, 9]]);
  },
  async empty_message() {
    assert.equal((await probe.echo({})).text, '');
    assert.equal((await probe.measure({})).bytes, 0n);
  },
  async raw_unary() {
    assert.equal((await probe.measure({ data: new Uint8Array(100) })).bytes, 102n);
  },
  async big_request_and_reply() {
    assert.equal((await probe.echo({ data: new Uint8Array(3000000).fill(7) })).data.length, 3000000);
  },
  async headers_and_trailers() {
    let headers, trailers;
    await probe.echo({}, { headers: { 'x-echo': 'hello' }, onHeader: h => { headers = h; }, onTrailer: t => { trailers = t; } });
    assert.equal(headers.get('x-echo'), 'hello');
    assert.equal(trailers.get('x-echo-trailer'), 'hello');
  },
  async rich_error() {
    const error = await fails(
      probe.fail({ code: 8, message: 'Too much: ü.', reason: 'QUOTA', field: 'events[0].id', retryMillis: 1500 }), Code.ResourceExhausted);
    assert.equal(error.rawMessage, 'Too much: ü.');
    assert.equal(error.findDetails(errorInfo)[0].reason, 'QUOTA');
    assert.equal(error.findDetails(badRequest)[0].fieldViolations[0].field, 'events[0].id');
    assert.equal(error.findDetails(retryInfo)[0].retryDelay.seconds, 1n);
  },
  async every_code() {
    for (let code = 1; code <= 16; code++) await fails(probe.fail({ code, message: 'm' }), code);
  },
  async bug_is_internal() {
    assert.doesNotMatch((await fails(probe.fail({}), Code.Internal)).message, /secret/);
  },
  async too_large() {
    assert.equal((await fails(probe.small({ text: 'x'.repeat(2000) }), Code.ResourceExhausted)).findDetails(errorInfo)[0].reason, 'MESSAGE_TOO_LARGE');
    assert.equal((await probe.small({ text: 'x' })).text, 'x');
  },
  async server_streaming() {
    const replies = await collect(probe.count({ count: 1000, size: 2000 }));
    assert.deepEqual(replies.map(r => Number(r.number)), [...Array(1000).keys()]);
  },
  async server_streaming_of_nothing() {
    assert.deepEqual(await collect(probe.count({})), []);
  },
  async error_after_messages() {
    const replies = [];
    await fails((async () => { for await (const reply of probe.count({ count: 2, code: 10 })) replies.push(reply); })(), Code.Aborted);
    assert.equal(replies.length, 2);
  },
  async stream_trailers() {
    let trailers;
    await collect(probe.count({ count: 3 }, { onTrailer: t => { trailers = t; } }));
    assert.equal(trailers.get('x-sent'), '3');
  },
  async deadline() {
    await fails(probe.hang({ key: 'connect-js-deadline' }, { timeoutMs: 50 }), Code.DeadlineExceeded);
  },
  async cancel() {
    const key = `connect-js-cancel-${Math.random()}`;
    const abort = new AbortController();
    const call = fails(probe.hang({ key }, { signal: abort.signal }), Code.Canceled);
    await probe.awaitEntered({ key });
    abort.abort();
    await call;
    assert.equal((await probe.awaitCancelled({ key })).text, 'cancelled');
  },
  async leaving_a_stream() {
    const key = `connect-js-leave-${Math.random()}`;
    const abort = new AbortController();
    await fails((async () => {
      for await (const reply of probe.flood({ key }, { signal: abort.signal })) if (reply.number === 3n) abort.abort();
    })(), Code.Canceled);
    assert.equal((await probe.awaitCancelled({ key })).text, 'cancelled');
  },
  async client_streaming() {
    const totals = await probe.sum((async function* () { for (let n = 1; n <= 100; n++) yield { number: BigInt(n) }; })());
    assert.deepEqual([totals.count, totals.sum], [100n, 5050n]);
  },
  async many_at_once() {
    const replies = await Promise.all([...Array(500).keys()].map(n => probe.echo({ number: BigInt(n) })));
    assert.deepEqual(replies.map(r => Number(r.number)), [...Array(500).keys()]);
  },
  async health() {
    assert.equal((await health.check({})).status, 1);
    const abort = new AbortController();
    await fails((async () => {
      for await (const reply of health.watch({}, { signal: abort.signal })) { assert.equal(reply.status, 1); abort.abort(); }
    })(), Code.Canceled);
  },
});

// Taking nothing compressed, sending everything compressed, and as it does by itself.
const compressions = {
  plain: { acceptCompression: [] },
  gzip: { acceptCompression: [compressionGzip], sendCompression: compressionGzip, compressMinBytes: 0 },
  usual: {},
};
for (const [useBinaryFormat, compression] of [false, true].flatMap(binary => Object.keys(compressions).map(name => [binary, name]))) {
  const transport = createConnectTransport({ baseUrl: `http://${target}`, httpVersion: '1.1', useBinaryFormat, ...compressions[compression] });
  const client = name => createClient(registry.getService(name), transport);
  for (const [name, check] of Object.entries(checksOf(client('probe.v1.Probe'), client('grpc.health.v1.Health')))) {
    const full = `${useBinaryFormat ? 'proto' : 'json'}_${compression}_${name}`;
    try {
      await check();
      console.log(`ok ${full}`);
    } catch (error) {
      console.log(`FAIL ${full}: ${error.stack ?? error}`.replaceAll('\n', ' '));
    }
  }
}
process.exit(0);
