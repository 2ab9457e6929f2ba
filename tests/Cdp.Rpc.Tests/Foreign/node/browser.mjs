// What a page does with @connectrpc/connect-web. Bundled by esbuild and run in a browser, where check(options) answers one line
// for each check: "ok NAME" or "FAIL NAME: why". Options: url and key of the server, a FileDescriptorSet in base64.
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { protoCamelCase } from '@bufbuild/protobuf/reflect';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';

const equal = (actual, expected) => {
  if (actual !== expected) throw new Error(`${actual} instead of ${expected}`);
};

const registryOf = base64 => {
  const files = fromBinary(FileDescriptorSetSchema, Uint8Array.from(atob(base64), c => c.charCodeAt(0)));

  // The compiler writes the names of JSON into a descriptor, the code that it generates for C# leaves them out.
  const name = message => {
    for (const field of message.field) field.jsonName ||= protoCamelCase(field.name);
    message.nestedType.forEach(name);
  };
  for (const file of files.file) file.messageType.forEach(name);
  return createFileRegistry(files);
};

const failureOf = async promise => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ConnectError) return error;
    throw error;
  }
  throw new Error('the call should have failed');
};

const checksOf = (probe, registry) => ({
  async unary() {
    const reply = await probe.echo({ number: 42n, text: 'Größe', data: new Uint8Array([7, 8, 9]) });
    equal(reply.number, 42n);
    equal(reply.text, 'Größe');
    equal(reply.data.length, 3);
  },
  async large() {
    equal((await probe.echo({ text: 'x'.repeat(1000000) })).text.length, 1000000);
  },
  async headers_and_trailers() {
    let headers, trailers;
    await probe.echo({}, { onHeader: h => { headers = h; }, onTrailer: t => { trailers = t; } });
    equal(headers.get('content-type') !== null, true);
    equal(trailers.get('x-user'), 'ours');
  },
  async server_streaming() {
    const numbers = [];
    let trailers;
    for await (const reply of probe.count({ count: 300, size: 2000 }, { onTrailer: t => { trailers = t; } })) numbers.push(Number(reply.number));
    equal(numbers.join(), [...Array(300).keys()].join());
    equal(trailers.get('x-sent'), '300');
  },
  async rich_error() {
    const error = await failureOf(probe.fail({ code: 8, message: 'Too much: ü.', reason: 'QUOTA', field: 'events[0].id', retryMillis: 1500 }));
    equal(error.code, Code.ResourceExhausted);
    equal(error.rawMessage, 'Too much: ü.');
    equal(error.findDetails(registry.getMessage('google.rpc.ErrorInfo'))[0].reason, 'QUOTA');
    equal(error.findDetails(registry.getMessage('google.rpc.BadRequest'))[0].fieldViolations[0].field, 'events[0].id');
    equal(error.metadata.get('retry-after'), '2');
  },
  async error_after_messages() {
    let count = 0;
    const error = await failureOf((async () => { for await (const _ of probe.count({ count: 2, code: 10 })) count++; })());
    equal(error.code, Code.Aborted);
    equal(count, 2);
  },
  async deadline() {
    equal((await failureOf(probe.hang({ key: `browser-${Math.random()}` }, { timeoutMs: 100 }))).code, Code.DeadlineExceeded);
  },
});

globalThis.check = async ({ url, key, descriptors, refused }) => {
  const registry = registryOf(descriptors);
  const lines = [];
  for (const useBinaryFormat of [false, true]) {
    const transport = createConnectTransport({
      baseUrl: url,
      useBinaryFormat,
      interceptors: [next => request => { request.header.set('authorization', `Bearer ${key}`); return next(request); }],
    });
    const probe = createClient(registry.getService('probe.v1.Probe'), transport);
    const checks = refused
      ? {
          // What a browser keeps from a page, it does not tell it either.
          async unary() { equal((await failureOf(probe.echo({}))).rawMessage, 'Failed to fetch'); },
          async server_streaming() { equal((await failureOf((async () => { for await (const _ of probe.count({ count: 1 })); })())).rawMessage, 'Failed to fetch'); },
        }
      : checksOf(probe, registry);
    for (const [name, run] of Object.entries(checks)) {
      const full = `${useBinaryFormat ? 'proto' : 'json'}_${name}`;
      try {
        await run();
        lines.push(`ok ${full}`);
      } catch (error) {
        lines.push(`FAIL ${full}: ${error.stack ?? error}`.replaceAll('\n', ' '));
      }
    }
  }
  return lines;
};
