"""Makes the Python classes of the protos, into `generated` beside this file, and lets them be imported.

Takes grpcio-tools where it is installed (pip install grpcio-tools), else Debian's protobuf-compiler and
protobuf-compiler-grpc.
"""
import importlib.util
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROTOS = HERE.parents[2] / "src" / "Cdp.Contracts"
GENERATED = HERE / "generated"


def compiler():
    if importlib.util.find_spec("grpc_tools"):
        return [sys.executable, "-m", "grpc_tools.protoc"]
    plugin = shutil.which("grpc_python_plugin")
    if plugin and shutil.which("protoc"):
        return ["protoc", f"--plugin=protoc-gen-grpc_python={plugin}"]
    sys.exit("No compiler of protos: pip install grpcio-tools, or apt-get install protobuf-compiler protobuf-compiler-grpc")


GENERATED.mkdir(exist_ok=True)
subprocess.run(
    [*compiler(), "-I", PROTOS, f"--python_out={GENERATED}", f"--grpc_python_out={GENERATED}", *PROTOS.glob("cdp/v1/*.proto")],
    check=True)
sys.path.insert(0, str(GENERATED))
