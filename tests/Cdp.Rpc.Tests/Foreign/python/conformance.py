"""Checks the server with grpcio. Prints one line for each check: "ok NAME" or "FAIL NAME: why".

Arguments: host:port, file with a FileDescriptorSet.
"""
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TARGET, DESCRIPTORS = sys.argv[1:3]
POOL = descriptor_pool.DescriptorPool()
with open(DESCRIPTORS, "rb") as file:
    for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        POOL.Add(proto)


def message(name):
    descriptor = POOL.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(POOL).GetPrototype(descriptor)


class Stub:
    """The methods of a service, made from its descriptor."""

    def __init__(self, channel, service):
        for method in POOL.FindServiceByName(service).methods:
            client, server = STREAMS[method.full_name]
            make = getattr(channel, ("stream" if client else "unary") + "_" + ("stream" if server else "unary"))
            setattr(self, method.name, make(
                f"/{service}/{method.name}",
                request_serializer=lambda request: request.SerializeToString(),
                response_deserializer=message(method.output_type.full_name).FromString))


def streams():
    with open(DESCRIPTORS, "rb") as file:
        for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
            for service in proto.service:
                for method in service.method:
                    yield f"{proto.package}.{service.name}.{method.name}", (method.client_streaming, method.server_streaming)


STREAMS = dict(streams())
Payload, Key, CountRequest, FailRequest = (message(f"probe.v1.{name}") for name in ("Payload", "Key", "CountRequest", "FailRequest"))
HealthCheckRequest = message("grpc.health.v1.HealthCheckRequest")
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
CHANNEL = grpc.insecure_channel(TARGET, options=UNLIMITED)
PROBE = Stub(CHANNEL, "probe.v1.Probe")
HEALTH = Stub(CHANNEL, "grpc.health.v1.Health")
CHECKS = []
Code = grpc.StatusCode


def check(function):
    CHECKS.append(function)
    return function


def fails(code, action):
    try:
        action()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()}: {error.details()}"
        return error
    raise AssertionError("the call should have failed")


def equal(actual, expected):
    assert actual == expected, f"{str(actual)[:200]} instead of {str(expected)[:200]}"


@check
def unary():
    request = Payload(number=42, text="Größe", data=b"\x07\x00\xff")
    equal(PROBE.Echo(request), request)


@check
def empty_message():
    equal(PROBE.Echo(Payload()), Payload())
    equal(PROBE.Measure(Payload()).bytes, 0)


@check
def raw_unary():
    equal(PROBE.Measure(Payload(data=bytes(100))).bytes, 102)


@check
def big_request_and_reply():
    request = Payload(data=bytes(4_000_000))
    equal(PROBE.Echo(request), request)


@check
def server_streaming():
    equal([reply.number for reply in PROBE.Count(CountRequest(count=1000, size=2000))], list(range(1000)))


@check
def server_streaming_of_nothing():
    equal(list(PROBE.Count(CountRequest())), [])


@check
def server_streaming_of_big_messages():
    equal([len(reply.data) for reply in PROBE.Count(CountRequest(count=5, size=3_000_000))], [3_000_000] * 5)


@check
def server_streaming_that_fails():
    received = []
    error = fails(Code.DATA_LOSS, lambda: received.extend(PROBE.Count(CountRequest(count=3, code=15))))
    equal(dict(error.trailing_metadata())["x-sent"], "3")


@check
def client_streaming():
    totals = PROBE.Sum(Payload(number=number, data=bytes(1000)) for number in range(1, 501))
    equal((totals.count, totals.sum, totals.bytes), (500, 125250, 500000))


@check
def client_streaming_of_nothing():
    equal(PROBE.Sum(iter(())).count, 0)


@check
def duplex_ping_pong():
    answered = threading.Semaphore(1)

    def requests():
        for number in range(100):
            assert answered.acquire(timeout=30)
            yield Payload(number=number)

    replies = []
    for reply in PROBE.Talk(requests(), timeout=60):
        replies.append(reply.number)
        answered.release()
    equal(replies, list(range(100)))


@check
def duplex_flow_control():
    requests = (Payload(number=number, data=bytes(50_000)) for number in range(300))
    equal([reply.number for reply in PROBE.Talk(requests, timeout=60)], list(range(300)))


@check
def raw_duplex():
    requests = (Payload(data=bytes(size)) for size in (0, 1, 100, 70_000, 2_000_000))
    equal([reply.bytes for reply in PROBE.MeasureEach(requests, timeout=60)], [0, 3, 102, 70_004, 2_000_004])


@check
def text_metadata():
    _, call = PROBE.Echo.with_call(Payload(), metadata=[("x-echo", "some text; with=signs")])
    equal(dict(call.initial_metadata())["x-echo"], "some text; with=signs")
    equal(dict(call.trailing_metadata())["x-echo-trailer"], "some text; with=signs")


@check
def binary_metadata():
    values = [b"\xff\x00\x0d\x0a"[:length] for length in (1, 2, 3, 4)]
    _, call = PROBE.Echo.with_call(Payload(), metadata=[("x-echo-bin", value) for value in values])
    equal([value for name, value in call.initial_metadata() if name == "x-echo-bin"], values)
    equal([value for name, value in call.trailing_metadata() if name == "x-echo-trailer-bin"], values)


@check
def every_status_code():
    for code in Code:
        if code is not Code.OK:
            error = fails(code, lambda: PROBE.Fail(FailRequest(code=code.value[0], message=f"status {code.value[0]}")))
            equal(error.details(), f"status {code.value[0]}")


@check
def percent_encoded_message():
    text = "100% Größe\r\n\t漢字 🧺"
    equal(fails(Code.FAILED_PRECONDITION, lambda: PROBE.Fail(FailRequest(code=9, message=text))).details(), text)


@check
def very_long_message():
    error = fails(Code.ABORTED, lambda: PROBE.Fail(FailRequest(code=10, message="漢" * 100_000, reason="LONG")))
    assert error.details().startswith("漢漢"), error.details()


@check
def rich_details():
    request = FailRequest(code=3, message="bad", reason="TOO_OLD", field="a.b[2]", retry_millis=1500)
    error = fails(Code.INVALID_ARGUMENT, lambda: PROBE.Fail(request))
    status = message("google.rpc.Status").FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    equal((status.code, status.message), (3, "bad"))
    info, bad, retry = (message(detail.type_url.split("/")[1]).FromString(detail.value) for detail in status.details)
    equal((info.reason, info.domain), ("TOO_OLD", "probe"))
    equal(bad.field_violations[0].field, "a.b[2]")
    equal((retry.retry_delay.seconds, retry.retry_delay.nanos), (1, 500_000_000))


@check
def unexpected_exception_is_not_shown():
    details = fails(Code.INTERNAL, lambda: PROBE.Fail(FailRequest(code=0))).details()
    assert not any(word in details for word in ("secret", "Exception", " at ")), details


def raw(path, body=b"", **options):
    return CHANNEL.unary_unary(path)(body, **options)


@check
def unknown_method():
    fails(Code.UNIMPLEMENTED, lambda: raw("/probe.v1.Probe/Nothing"))


@check
def unknown_service():
    fails(Code.UNIMPLEMENTED, lambda: raw("/nobody.Knows/Me"))


@check
def malformed_message():
    fails(Code.INVALID_ARGUMENT, lambda: raw("/probe.v1.Probe/Echo", b"\xff\xff\xff"))


@check
def compressed_request():
    equal(PROBE.Echo(Payload(data=bytes(100_000)), compression=grpc.Compression.Gzip).data, bytes(100_000))
    equal(PROBE.Measure(Payload(data=bytes(100)), compression=grpc.Compression.Gzip).bytes, 102)


@check
def compressed_bomb():
    error = fails(Code.RESOURCE_EXHAUSTED, lambda: PROBE.Echo(Payload(data=bytes(5_000_000)), compression=grpc.Compression.Gzip))
    assert "5000005 bytes" in error.details(), error.details()


@check
def unknown_encoding():
    error = fails(Code.UNIMPLEMENTED, lambda: PROBE.Echo(Payload(data=bytes(10_000)), compression=grpc.Compression.Deflate))
    assert "grpc-encoding" in error.details(), error.details()


@check
def deadline():
    fails(Code.DEADLINE_EXCEEDED, lambda: PROBE.Hang(Key(key="python-deadline"), timeout=0.2))
    PROBE.AwaitCancelled(Key(key="python-deadline"), timeout=30)


@check
def deadline_of_a_handler_that_ignores_it():
    fails(Code.DEADLINE_EXCEEDED, lambda: PROBE.Stubborn(Key(key="python"), timeout=0.2))
    PROBE.Release(Key(key="python"))


@check
def cancelled_unary_is_seen():
    call = PROBE.Hang.future(Key(key="python-cancel"))
    PROBE.AwaitEntered(Key(key="python-cancel"), timeout=30)
    call.cancel()
    PROBE.AwaitCancelled(Key(key="python-cancel"), timeout=30)


@check
def cancelled_stream_is_seen():
    call = PROBE.Flood(Key(key="python-flood"))
    for _ in range(10):
        next(call)
    call.cancel()
    PROBE.AwaitCancelled(Key(key="python-flood"), timeout=30)


@check
def oversize_of_a_method():
    fails(Code.RESOURCE_EXHAUSTED, lambda: PROBE.Small(Payload(data=bytes(1001))))
    equal(len(PROBE.Small(Payload(data=bytes(900))).data), 900)


@check
def oversize_of_the_server():
    fails(Code.RESOURCE_EXHAUSTED, lambda: PROBE.Echo(Payload(data=bytes(5 << 20))))


@check
def oversize_in_a_stream():
    fails(Code.RESOURCE_EXHAUSTED, lambda: PROBE.Sum(Payload(data=bytes(size)) for size in (10, 5 << 20)))


@check
def many_parallel_calls():
    calls = [PROBE.Echo.future(Payload(number=number)) for number in range(1000)]
    equal([call.result(timeout=60).number for call in calls], list(range(1000)))


@check
def many_threads():
    with futures.ThreadPoolExecutor(16) as threads:
        replies = threads.map(lambda number: PROBE.Echo(Payload(number=number)).number, range(500))
        equal(list(replies), list(range(500)))


@check
def health_check():
    equal(HEALTH.Check(HealthCheckRequest()).status, 1)
    equal(HEALTH.Check(HealthCheckRequest(service="probe.v1.Probe")).status, 1)
    fails(Code.NOT_FOUND, lambda: HEALTH.Check(HealthCheckRequest(service="nobody")))


@check
def health_watch():
    for service, status in (("probe.v1.Probe", 1), ("nobody", 3)):
        call = HEALTH.Watch(HealthCheckRequest(service=service))
        equal(next(call).status, status)
        call.cancel()


def reflected(package):
    """The pool of everything that the server's reflection tells of the probe, asked by bytes of the specification alone."""
    info = CHANNEL.stream_stream(
        f"/grpc.reflection.{package}.ServerReflection/ServerReflectionInfo", request_serializer=bytes, response_deserializer=bytes)

    def ask(number, text):
        reply = next(info(iter([bytes([number << 3 | 2, len(text)]) + text.encode()])))
        return dict(fields(reply))

    def fields(data):
        at = 0
        while at < len(data):
            key, at = varint(data, at)
            if key & 7 == 0:
                value, at = varint(data, at)
            else:
                length, at = varint(data, at)
                value, at = data[at:at + length], at + length
            yield key >> 3, value

    def varint(data, at):
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if data[at - 1] < 128:
                return value, at

    services = [dict(fields(service))[1].decode() for _, service in fields(ask(7, "")[6])]
    pool = descriptor_pool.DescriptorPool()
    files = {}
    for service in services:
        for _, data in fields(ask(4, service)[4]):
            proto = descriptor_pb2.FileDescriptorProto.FromString(data)
            files[proto.name] = proto
    while files:
        ready = [name for name, proto in files.items() if not any(imported in files for imported in proto.dependency)]
        for name in ready:
            pool.Add(files.pop(name))
    return services, pool


@check
def reflection():
    for package in ("v1", "v1alpha"):
        services, pool = reflected(package)
        assert "probe.v1.Probe" in services and "grpc.health.v1.Health" in services, services
        method = pool.FindServiceByName("probe.v1.Probe").FindMethodByName("Echo")
        make = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
        echo = CHANNEL.unary_unary("/probe.v1.Probe/Echo", lambda m: m.SerializeToString(), make(method.output_type).FromString)
        equal(echo(make(method.input_type)(number=7, text="reflected")).text, "reflected")


FAILED = 0
for function in CHECKS:
    try:
        function()
        print(f"ok {function.__name__}", flush=True)
    except Exception as error:  # every failure is a line of the report
        FAILED += 1
        print(f"FAIL {function.__name__}: {' '.join(str(error).split())[:400]}", flush=True)
CHANNEL.close()
sys.exit(1 if FAILED else 0)
