using System.Reflection;
using Cdp.Grains.Ports;
using Google.Protobuf;

namespace Cdp.SingleNode.Engine;

/// <summary>Checks that a grain interface has the shape that every engine can carry.</summary>
internal static class GrainInterface
{
    /// <summary>The methods of the interface and of those it inherits, in a fixed order.</summary>
    /// <exception cref="ArgumentException">The interface cannot be carried; the message names the member and the rule.</exception>
    internal static IReadOnlyList<MethodInfo> Methods(Type type)
    {
        if (!type.IsInterface || !type.IsVisible || type.ContainsGenericParameters)
            throw new ArgumentException($"{type} is not a public, non-generic or closed interface; a grain is called through one.", nameof(type));
        Type[] all = [type, .. type.GetInterfaces()];
        foreach (var declaring in all)
        {
            if (declaring.GetProperties().Length > 0 || declaring.GetEvents().Length > 0)
                throw new ArgumentException($"{declaring} has a property or an event; a grain interface has methods only.", nameof(type));
        }

        var methods = all.SelectMany(declaring => declaring.GetMethods(BindingFlags.Public | BindingFlags.Instance)).ToList();
        foreach (var method in methods)
            Check(method);
        return methods;
    }

    internal static Type Request(MethodInfo method) => method.GetParameters()[0].ParameterType;

    internal static Type Reply(MethodInfo method) => method.ReturnType.GetGenericArguments()[0];

    internal static bool Interleaves(MethodInfo method) => method.IsDefined(typeof(InterleavesAttribute), inherit: true);

    private static void Check(MethodInfo method)
    {
        var parameters = method.GetParameters();
        var fits = !method.IsGenericMethod
            && method.ReturnType.IsGenericType && method.ReturnType.GetGenericTypeDefinition() == typeof(ValueTask<>)
            && parameters.Length == 2 && parameters[1].ParameterType == typeof(CancellationToken)
            && IsMessage(parameters[0].ParameterType) && IsMessage(Reply(method));
        if (!fits)
        {
            throw new ArgumentException(
                $"{method.DeclaringType}.{method.Name} has not the shape 'ValueTask<TReply> {method.Name}(TRequest, CancellationToken)' with protobuf messages.",
                nameof(method));
        }
    }

    private static bool IsMessage(Type type) => type.IsClass && Array.Exists(
        type.GetInterfaces(),
        one => one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IMessage<>) && one.GenericTypeArguments[0] == type);
}
