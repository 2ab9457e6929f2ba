// Checks the server with @grpc/grpc-js. Prints one line for each check: "ok NAME" or "FAIL NAME: why".
// Arguments: host:port, file with a FileDescriptorSet.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [target, descriptors] = process.argv.slice(2);
const packages = grpc.loadPackageDefinition(
  loader.loadFileDescriptorSetFromBuffer(fs.readFileSync(descriptors), { longs: Number, defaults: true, keepCase: true }));
const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
const insecure = grpc.credentials.createInsecure();
const probe = new packages.probe.v1.Probe(target, insecure, unlimited);
const health = new packages.grpc.health.v1.Health(target, insecure);
const deflated = new packages.probe.v1.Probe(target, insecure, { ...unlimited, 'grpc.default_compression_algorithm': 1 });
const zipped = new packages.probe.v1.Probe(target, insecure, { ...unlimited, 'grpc.default_compression_algorithm': 2 });

const unary = (method, request, metadata = new grpc.Metadata(), options = {}, client = probe) =>
  new Promise((resolve, reject) => {
    const seen = {};
    const call = client[method](request, metadata, options, (error, reply) => {
      seen.reply = reply;
      setImmediate(() => (error ? reject(error) : resolve(seen)));
    });
    call.on('metadata', headers => { seen.headers = headers; });
    call.on('status', status => { seen.trailers = status.metadata; });
    seen.call = call;
  });

const collect = call => new Promise((resolve, reject) => {
  const replies = [];
  call.on('data', reply => replies.push(reply));
  call.on('error', error => { error.replies = replies; reject(error); });
  call.on('end', () => resolve(replies));
});

const fails = async (promise, code) => {
  let error;
  try { await promise; } catch (e) { error = e; }
  assert.ok(error, 'the call should have failed');
  assert.equal(error.code, code, `code ${error.code}: ${error.details}`);
  return error;
};

const bytes = size => Buffer.alloc(size, 7);
const soon = () => Date.now() + 30000;

const checks = {
  async unary() {
    const { reply } = await unary('Echo', { number: 42, text: 'Größe', data: bytes(3) });
    assert.deepEqual([reply.number, reply.text, reply.data.length], [42, 'Größe', 3]);
  },
  async empty_message() {
    assert.equal((await unary('Echo', {})).reply.text, '');
    assert.equal((await unary('Measure', {})).reply.bytes, 0);
  },
  async raw_unary() {
    assert.equal((await unary('Measure', { data: bytes(100) })).reply.bytes, 102);
  },
  async big_request_and_reply() {
    const { reply } = await unary('Echo', { data: bytes(4000000) });
    assert.ok(reply.data.equals(bytes(4000000)));
  },
  async server_streaming() {
    const replies = await collect(probe.Count({ count: 1000, size: 2000 }));
    assert.deepEqual(replies.map(r => r.number), [...Array(1000).keys()]);
  },
  async server_streaming_of_nothing() {
    assert.deepEqual(await collect(probe.Count({})), []);
  },
  async server_streaming_of_big_messages() {
    const replies = await collect(probe.Count({ count: 5, size: 3000000 }));
    assert.deepEqual(replies.map(r => r.data.length), Array(5).fill(3000000));
  },
  async server_streaming_that_fails() {
    const error = await fails(collect(probe.Count({ count: 3, code: grpc.status.DATA_LOSS })), grpc.status.DATA_LOSS);
    assert.equal(error.replies.length, 3);
    assert.deepEqual(error.metadata.get('x-sent'), ['3']);
  },
  async slow_reader() {
    const call = probe.Count({ count: 200, size: 50000 });
    let count = 0;
    for await (const reply of call) {
      assert.equal(reply.number, count++);
      await new Promise(setImmediate);
    }
    assert.equal(count, 200);
  },
  async client_streaming() {
    const totals = await new Promise((resolve, reject) => {
      const call = probe.Sum((error, reply) => (error ? reject(error) : resolve(reply)));
      for (let n = 1; n <= 500; n++) call.write({ number: n, data: bytes(1000) });
      call.end();
    });
    assert.deepEqual([totals.count, totals.sum, totals.bytes], [500, 125250, 500000]);
  },
  async client_streaming_of_nothing() {
    const totals = await new Promise((resolve, reject) =>
      probe.Sum((error, reply) => (error ? reject(error) : resolve(reply))).end());
    assert.equal(totals.count, 0);
  },
  async duplex_ping_pong() {
    const call = probe.Talk();
    let next = 0;
    call.write({ number: 0 });
    for await (const reply of call) {
      assert.equal(reply.number, next++);
      if (next === 100) call.end(); else call.write({ number: next });
    }
    assert.equal(next, 100);
  },
  async duplex_flow_control() {
    const call = probe.Talk();
    const replies = collect(call);
    for (let n = 0; n < 300; n++) call.write({ number: n, data: bytes(50000) });
    call.end();
    assert.deepEqual((await replies).map(r => r.number), [...Array(300).keys()]);
  },
  async raw_duplex() {
    const call = probe.MeasureEach();
    const replies = collect(call);
    for (const size of [1, 100, 70000, 2000000]) call.write({ data: bytes(size) });
    call.end();
    assert.deepEqual((await replies).map(r => r.bytes), [3, 102, 70004, 2000004]);
  },
  async text_metadata() {
    const metadata = new grpc.Metadata();
    metadata.set('x-echo', 'some text; with=signs');
    const { headers, trailers } = await unary('Echo', {}, metadata);
    assert.deepEqual(headers.get('x-echo'), ['some text; with=signs']);
    assert.deepEqual(trailers.get('x-echo-trailer'), ['some text; with=signs']);
  },
  async binary_metadata() {
    const metadata = new grpc.Metadata();
    const values = [1, 2, 3, 4].map(n => Buffer.from([255, 0, 13, 10].slice(0, n)));
    values.forEach(value => metadata.add('x-echo-bin', value));
    const { headers, trailers } = await unary('Echo', {}, metadata);
    assert.deepEqual(headers.get('x-echo-bin'), values);
    assert.deepEqual(trailers.get('x-echo-trailer-bin'), values);
  },
  async every_status_code() {
    for (let code = 1; code <= 16; code++) {
      const error = await fails(unary('Fail', { code, message: `status ${code}` }), code);
      assert.equal(error.details, `status ${code}`);
    }
  },
  async percent_encoded_message() {
    const message = '100% Größe\r\n\t漢字 🧺';
    assert.equal((await fails(unary('Fail', { code: 9, message }), 9)).details, message);
  },
  async very_long_message() {
    const error = await fails(unary('Fail', { code: 10, message: '漢'.repeat(100000), reason: 'LONG' }), 10);
    assert.match(error.details, /^漢+$/);
  },
  async rich_details() {
    const error = await fails(
      unary('Fail', { code: 3, message: 'bad', reason: 'TOO_OLD', field: 'a.b[2]', retry_millis: 1500 }), 3);
    const wire = error.metadata.get('grpc-status-details-bin')[0];
    const details = decoder('google.rpc.Status')(wire);
    assert.equal(details.code, 3);
    assert.equal(details.message, 'bad');
    const [info, request, retry] = details.details;
    assert.equal(info.type_url, 'type.googleapis.com/google.rpc.ErrorInfo');
    assert.deepEqual([decoder('google.rpc.ErrorInfo')(info.value).reason, decoder('google.rpc.ErrorInfo')(info.value).domain], ['TOO_OLD', 'probe']);
    assert.equal(decoder('google.rpc.BadRequest')(request.value).field_violations[0].field, 'a.b[2]');
    assert.deepEqual(decoder('google.rpc.RetryInfo')(retry.value).retry_delay, { seconds: 1, nanos: 500000000 });
  },
  async unexpected_exception_is_not_shown() {
    const error = await fails(unary('Fail', { code: 0 }), grpc.status.INTERNAL);
    assert.ok(!/secret|Exception| at /.test(error.details), error.details);
  },
  async unknown_method() {
    const call = new Promise((resolve, reject) => probe.makeUnaryRequest(
      '/probe.v1.Probe/Nothing', x => x, x => x, Buffer.alloc(0), (error, reply) => (error ? reject(error) : resolve(reply))));
    await fails(call, grpc.status.UNIMPLEMENTED);
  },
  async unknown_service() {
    const call = new Promise((resolve, reject) => probe.makeUnaryRequest(
      '/nobody.Knows/Me', x => x, x => x, Buffer.alloc(0), (error, reply) => (error ? reject(error) : resolve(reply))));
    await fails(call, grpc.status.UNIMPLEMENTED);
  },
  async malformed_message() {
    const call = new Promise((resolve, reject) => probe.makeUnaryRequest(
      '/probe.v1.Probe/Echo', x => x, x => x, Buffer.from([255, 255, 255]), (error, reply) => (error ? reject(error) : resolve(reply))));
    await fails(call, grpc.status.INVALID_ARGUMENT);
  },
  async compressed_request() {
    assert.deepEqual((await unary('Echo', { data: bytes(100000) }, new grpc.Metadata(), {}, zipped)).reply.data, bytes(100000));
    assert.equal((await unary('Measure', { data: bytes(100) }, new grpc.Metadata(), {}, zipped)).reply.bytes, 102);
  },
  async compressed_streams() {
    const replies = await collect(zipped.Count({ count: 20, size: 20000 }));
    assert.deepEqual(replies.map(r => r.data.length), Array(20).fill(20000));
  },
  async compressed_bomb() {
    const error = await fails(unary('Echo', { data: bytes(5000000) }, new grpc.Metadata(), {}, zipped), grpc.status.RESOURCE_EXHAUSTED);
    assert.match(error.details, /5000005 bytes/);
  },
  async unknown_encoding() {
    const error = await fails(unary('Echo', { data: bytes(10000) }, new grpc.Metadata(), {}, deflated), grpc.status.UNIMPLEMENTED);
    assert.match(error.details, /grpc-encoding/);
  },
  async reflection() {
    // The client's own proto file, written from the specification; everything else comes from the server.
    const proto = `syntax = "proto3"; package grpc.reflection.v1;
      service ServerReflection { rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse); }
      message ServerReflectionRequest { string host = 1; oneof message_request { string file_containing_symbol = 4; string list_services = 7; } }
      message ServerReflectionResponse { oneof message_response { Files file_descriptor_response = 4; Services list_services_response = 6; } }
      message Files { repeated bytes file_descriptor_proto = 1; }
      message Services { repeated Service service = 1; }
      message Service { string name = 1; }`;
    const file = `${require('node:os').tmpdir()}/reflection-${process.pid}.proto`;
    fs.writeFileSync(file, proto);
    const { ServerReflection } = grpc.loadPackageDefinition(loader.loadSync(file, { keepCase: true })).grpc.reflection.v1;
    fs.unlinkSync(file);
    const client = new ServerReflection(target, insecure);
    const call = client.ServerReflectionInfo();
    const replies = collect(call);
    call.write({ list_services: '' });
    call.write({ file_containing_symbol: 'probe.v1.Probe' });
    call.end();
    const [services, files] = await replies;
    assert.ok(services.list_services_response.service.some(service => service.name === 'probe.v1.Probe'));

    // A FileDescriptorSet is a message with the files as its field 1.
    const set = Buffer.concat(files.file_descriptor_response.file_descriptor_proto.map(data => {
      const length = [];
      for (let rest = data.length; ; rest >>= 7) { if (rest < 128) { length.push(rest); break; } length.push((rest & 127) | 128); }
      return Buffer.concat([Buffer.from([10, ...length]), data]);
    }));
    const reflected = grpc.loadPackageDefinition(loader.loadFileDescriptorSetFromBuffer(set, { longs: Number, defaults: true, keepCase: true }));
    const { reply } = await unary('Echo', { text: 'reflected' }, new grpc.Metadata(), {}, new reflected.probe.v1.Probe(target, insecure));
    assert.equal(reply.text, 'reflected');
    client.close();
  },
  async deadline() {
    await fails(unary('Hang', { key: 'node-deadline' }, new grpc.Metadata(), { deadline: Date.now() + 200 }), grpc.status.DEADLINE_EXCEEDED);
    await unary('AwaitCancelled', { key: 'node-deadline' }, new grpc.Metadata(), { deadline: soon() });
  },
  async deadline_of_a_handler_that_ignores_it() {
    await fails(unary('Stubborn', { key: 'node' }, new grpc.Metadata(), { deadline: Date.now() + 200 }), grpc.status.DEADLINE_EXCEEDED);
    await unary('Release', { key: 'node' });
  },
  async cancelled_unary_is_seen() {
    const metadata = new grpc.Metadata();
    const call = probe.Hang({ key: 'node-cancel' }, metadata, () => {});
    const ended = new Promise(resolve => call.on('status', resolve));
    await unary('AwaitEntered', { key: 'node-cancel' }, metadata, { deadline: soon() });
    call.cancel();
    assert.equal((await ended).code, grpc.status.CANCELLED);
    await unary('AwaitCancelled', { key: 'node-cancel' }, metadata, { deadline: soon() });
  },
  async cancelled_stream_is_seen() {
    const call = probe.Flood({ key: 'node-flood' });
    let count = 0;
    const error = await new Promise(resolve => {
      call.on('data', () => { if (++count === 10) call.cancel(); });
      call.on('error', resolve);
    });
    assert.equal(error.code, grpc.status.CANCELLED);
    await unary('AwaitCancelled', { key: 'node-flood' }, new grpc.Metadata(), { deadline: soon() });
  },
  async oversize_of_a_method() {
    await fails(unary('Small', { data: bytes(1001) }), grpc.status.RESOURCE_EXHAUSTED);
    assert.equal((await unary('Small', { data: bytes(900) })).reply.data.length, 900);
  },
  async oversize_of_the_server() {
    await fails(unary('Echo', { data: bytes(5 << 20) }), grpc.status.RESOURCE_EXHAUSTED);
  },
  async oversize_in_a_stream() {
    const call = new Promise((resolve, reject) => {
      const stream = probe.Sum((error, reply) => (error ? reject(error) : resolve(reply)));
      stream.on('error', () => {});
      stream.write({ data: bytes(10) });
      stream.write({ data: bytes(5 << 20) });
      stream.end();
    });
    await fails(call, grpc.status.RESOURCE_EXHAUSTED);
  },
  async many_parallel_calls() {
    const numbers = [...Array(1000).keys()];
    const replies = await Promise.all(numbers.map(number => unary('Echo', { number })));
    assert.deepEqual(replies.map(r => r.reply.number), numbers);
  },
  async health_check() {
    assert.equal((await unary('Check', {}, undefined, {}, health)).reply.status, 1);
    assert.equal((await unary('Check', { service: 'probe.v1.Probe' }, undefined, {}, health)).reply.status, 1);
    await fails(unary('Check', { service: 'nobody' }, undefined, {}, health), grpc.status.NOT_FOUND);
  },
  async health_watch() {
    const first = async service => {
      const call = health.Watch({ service });
      call.on('error', () => {});
      const reply = await new Promise(resolve => call.once('data', resolve));
      call.cancel();
      return reply.status;
    };
    assert.equal(await first('probe.v1.Probe'), 1);
    assert.equal(await first('nobody'), 3);
  },
};

const protobuf = require('protobufjs');
require('protobufjs/ext/descriptor');
const root = protobuf.Root.fromDescriptor(fs.readFileSync(descriptors));
root.resolveAll();
function decoder(type) {
  const message = root.lookupType(type);
  return buffer => message.toObject(message.decode(buffer), { longs: Number });
}

(async () => {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      console.log(`ok ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAIL ${name}: ${String(error.message ?? error).replaceAll('\n', ' ')}`);
    }
  }
  [probe, health, zipped, deflated].forEach(client => client.close());
  process.exitCode = failed === 0 ? 0 : 1;
})();
