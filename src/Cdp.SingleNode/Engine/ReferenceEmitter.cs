using System.Reflection;
using System.Reflection.Emit;

namespace Cdp.SingleNode.Engine;

/// <summary>
/// Emits, once per grain interface, the class whose methods pass a call on, and for each method the function that runs
/// it on a grain.
/// </summary>
internal sealed class ReferenceEmitter
{
    private static readonly MethodInfo CallMethod =
        typeof(GrainReference).GetMethod("Call", BindingFlags.Instance | BindingFlags.NonPublic)!;

    private readonly ModuleBuilder _module = AssemblyBuilder
        .DefineDynamicAssembly(new AssemblyName("Cdp.SingleNode.References"), AssemblyBuilderAccess.RunAndCollect)
        .DefineDynamicModule("References");

    private int _emitted;

    /// <summary>What was emitted for an interface.</summary>
    /// <param name="Create">Makes an unbound reference.</param>
    /// <param name="Calls">For each method a delegate <c>Func&lt;object, TRequest, CancellationToken, ValueTask&lt;TReply&gt;&gt;</c>.</param>
    internal sealed record Emitted(Func<GrainReference> Create, IReadOnlyList<Delegate> Calls);

    internal Emitted Emit(Type grainInterface, IReadOnlyList<MethodInfo> methods)
    {
        var type = _module.DefineType(
            $"{grainInterface.Name}Reference{_emitted++}", TypeAttributes.Public | TypeAttributes.Sealed, typeof(GrainReference), [grainInterface]);
        var constructor = type.DefineDefaultConstructor(MethodAttributes.Public);
        EmitCreate(type, constructor);
        for (var i = 0; i < methods.Count; i++)
        {
            EmitSend(type, methods[i], i);
            EmitRun(type, methods[i], i);
        }

        var made = type.CreateType();
        var calls = methods.Select((method, i) => made.GetMethod(RunName(i))!.CreateDelegate(RunType(method))).ToList();
        return new Emitted(made.GetMethod("Create")!.CreateDelegate<Func<GrainReference>>(), calls);
    }

    private static string RunName(int index) => $"Run{index}";

    private static Type RunType(MethodInfo method) => typeof(Func<,,,>).MakeGenericType(
        typeof(object), GrainInterface.Request(method), typeof(CancellationToken), method.ReturnType);

    private static void EmitCreate(TypeBuilder type, ConstructorBuilder constructor)
    {
        var il = type.DefineMethod("Create", MethodAttributes.Public | MethodAttributes.Static, typeof(GrainReference), []).GetILGenerator();
        il.Emit(OpCodes.Newobj, constructor);
        il.Emit(OpCodes.Ret);
    }

    private static void EmitSend(TypeBuilder type, MethodInfo method, int index)
    {
        var send = type.DefineMethod(
            $"{method.DeclaringType!.FullName}.{method.Name}",
            MethodAttributes.Private | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.HideBySig | MethodAttributes.NewSlot,
            method.ReturnType,
            [GrainInterface.Request(method), typeof(CancellationToken)]);
        var il = send.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4, index);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Call, CallMethod.MakeGenericMethod(GrainInterface.Request(method), GrainInterface.Reply(method)));
        il.Emit(OpCodes.Ret);
        type.DefineMethodOverride(send, method);
    }

    private static void EmitRun(TypeBuilder type, MethodInfo method, int index)
    {
        var run = type.DefineMethod(
            RunName(index),
            MethodAttributes.Public | MethodAttributes.Static,
            method.ReturnType,
            [typeof(object), GrainInterface.Request(method), typeof(CancellationToken)]);
        var il = run.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Castclass, method.DeclaringType!);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Callvirt, method);
        il.Emit(OpCodes.Ret);
    }
}
