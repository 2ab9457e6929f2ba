using System.Runtime.CompilerServices;
using Cdp.Rpc.Tests.Protos;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Health.V1;

namespace Cdp.Rpc.Tests.Harness;

/// <summary>Clients that others wrote.</summary>
internal static class Foreign
{
    /// <summary>Folder of clients in a language.</summary>
    public static string Folder(string name) => Path.GetFullPath(Path.Combine(Here(), "..", "Foreign", name));

    /// <summary>What clients without generated code read the services from.</summary>
    public static FileDescriptorSet Descriptors()
    {
        var files = new Dictionary<string, FileDescriptor>(StringComparer.Ordinal);
        var set = new FileDescriptorSet();
        Add(ProbeReflection.Descriptor);
        Add(HealthReflection.Descriptor);
        Add(StatusReflection.Descriptor);
        Add(ErrorDetailsReflection.Descriptor);
        return set;

        void Add(FileDescriptor file)
        {
            if (files.TryAdd(file.Name, file))
            {
                foreach (var dependency in file.Dependencies)
                {
                    Add(dependency);
                }

                set.File.Add(file.ToProto());
            }
        }
    }

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
