package tailorbird.worker;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.IincInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.LineNumberNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;

/** Mutants of one method by PIT's long-standing default operators, under PIT's names, without those of code that only javac wrote. */
final class Mutator {

    /** One change of the method; several instructions where javac has copied one, as it does with finally. */
    static final class Mutant {
        /** Among all of the method, in the order of its code. */
        int index;
        String operator = "";
        int line;
        /** Name and descriptor of the method it is in: the focal method or a lambda of it. */
        String method = "";
        List<Integer> at = new ArrayList<>();
    }

    private static final String PROBES = "tailorbird/bridge/Probes";
    private static final String BOOLEAN = "java/lang/Boolean";
    private static final int EXCEPT_BRIDGES = Opcodes.ACC_SYNTHETIC | Opcodes.ACC_BRIDGE;

    /** From each opcode to the one that takes its place; pairs. */
    private static final Map<Integer, Integer> BOUNDARY =
        pairs(
            Opcodes.IFLE, Opcodes.IFLT, Opcodes.IFGE, Opcodes.IFGT, Opcodes.IFGT, Opcodes.IFGE, Opcodes.IFLT, Opcodes.IFLE,
            Opcodes.IF_ICMPLE, Opcodes.IF_ICMPLT, Opcodes.IF_ICMPGE, Opcodes.IF_ICMPGT,
            Opcodes.IF_ICMPGT, Opcodes.IF_ICMPGE, Opcodes.IF_ICMPLT, Opcodes.IF_ICMPLE);

    private static final Map<Integer, Integer> NEGATED =
        pairs(
            Opcodes.IFEQ, Opcodes.IFNE, Opcodes.IFNE, Opcodes.IFEQ, Opcodes.IFLE, Opcodes.IFGT, Opcodes.IFGT, Opcodes.IFLE,
            Opcodes.IFGE, Opcodes.IFLT, Opcodes.IFLT, Opcodes.IFGE,
            Opcodes.IFNULL, Opcodes.IFNONNULL, Opcodes.IFNONNULL, Opcodes.IFNULL,
            Opcodes.IF_ICMPEQ, Opcodes.IF_ICMPNE, Opcodes.IF_ICMPNE, Opcodes.IF_ICMPEQ,
            Opcodes.IF_ICMPLE, Opcodes.IF_ICMPGT, Opcodes.IF_ICMPGT, Opcodes.IF_ICMPLE,
            Opcodes.IF_ICMPGE, Opcodes.IF_ICMPLT, Opcodes.IF_ICMPLT, Opcodes.IF_ICMPGE,
            Opcodes.IF_ACMPEQ, Opcodes.IF_ACMPNE, Opcodes.IF_ACMPNE, Opcodes.IF_ACMPEQ);

    private static final Map<Integer, Integer> ARITHMETIC =
        pairs(
            Opcodes.IADD, Opcodes.ISUB, Opcodes.ISUB, Opcodes.IADD, Opcodes.IMUL, Opcodes.IDIV, Opcodes.IDIV, Opcodes.IMUL,
            Opcodes.IREM, Opcodes.IMUL, Opcodes.IOR, Opcodes.IAND, Opcodes.IAND, Opcodes.IOR, Opcodes.IXOR, Opcodes.IAND,
            Opcodes.ISHL, Opcodes.ISHR, Opcodes.ISHR, Opcodes.ISHL, Opcodes.IUSHR, Opcodes.ISHL,
            Opcodes.LADD, Opcodes.LSUB, Opcodes.LSUB, Opcodes.LADD, Opcodes.LMUL, Opcodes.LDIV, Opcodes.LDIV, Opcodes.LMUL,
            Opcodes.LREM, Opcodes.LMUL, Opcodes.LOR, Opcodes.LAND, Opcodes.LAND, Opcodes.LOR, Opcodes.LXOR, Opcodes.LAND,
            Opcodes.LSHL, Opcodes.LSHR, Opcodes.LSHR, Opcodes.LSHL, Opcodes.LUSHR, Opcodes.LSHL,
            Opcodes.FADD, Opcodes.FSUB, Opcodes.FSUB, Opcodes.FADD, Opcodes.FMUL, Opcodes.FDIV, Opcodes.FDIV, Opcodes.FMUL,
            Opcodes.FREM, Opcodes.FMUL,
            Opcodes.DADD, Opcodes.DSUB, Opcodes.DSUB, Opcodes.DADD, Opcodes.DMUL, Opcodes.DDIV, Opcodes.DDIV, Opcodes.DMUL,
            Opcodes.DREM, Opcodes.DMUL);

    /** What stands for nothing, for each type that has it: a number to box by {@code valueOf}, or a call without arguments. */
    private static final Map<String, AbstractInsnNode[]> EMPTY = new LinkedHashMap<>();

    static {
        box("java/lang/Integer", "I", Opcodes.ICONST_0);
        box("java/lang/Short", "S", Opcodes.ICONST_0);
        box("java/lang/Character", "C", Opcodes.ICONST_0);
        box("java/lang/Long", "J", Opcodes.LCONST_0);
        box("java/lang/Float", "F", Opcodes.FCONST_0);
        box("java/lang/Double", "D", Opcodes.DCONST_0);
        EMPTY.put("java/lang/String", new AbstractInsnNode[] {new LdcInsnNode("")});
        call("java/util/Optional", "java/util/Optional", "empty", false);
        call("java/util/stream/Stream", "java/util/stream/Stream", "empty", true);
        call("java/util/List", "java/util/Collections", "emptyList", false);
        call("java/util/Map", "java/util/Collections", "emptyMap", false);
        call("java/util/Set", "java/util/Collections", "emptySet", false);
        EMPTY.put("java/util/Collection", EMPTY.get("java/util/List"));
        EMPTY.put("java/lang/Iterable", EMPTY.get("java/util/List"));
    }

    private Mutator() {}

    private static Map<Integer, Integer> pairs(int... given) {
        Map<Integer, Integer> found = new LinkedHashMap<>();
        for (int at = 0; at < given.length; at += 2) {
            found.put(given[at], given[at + 1]);
        }
        return found;
    }

    private static void box(String type, String primitive, int zero) {
        String descriptor = "(" + primitive + ")L" + type + ";";
        EMPTY.put(
            type,
            new AbstractInsnNode[] {
                new InsnNode(zero), new MethodInsnNode(Opcodes.INVOKESTATIC, type, "valueOf", descriptor, false)
            });
    }

    private static void call(String type, String owner, String name, boolean isInterface) {
        String descriptor = "()L" + type + ";";
        EMPTY.put(
            type,
            new AbstractInsnNode[] {new MethodInsnNode(Opcodes.INVOKESTATIC, owner, name, descriptor, isInterface)});
    }

    /** All mutants of the focal method in the bytes of its class, those in its lambdas last. */
    static List<Mutant> mutants(byte[] original, Execution.Focal focal) {
        List<Mutant> found = new ArrayList<>();
        for (MethodNode method : read(original).methods) {
            if (method.name.equals(focal.name) && (method.access & EXCEPT_BRIDGES) == 0) {
                found.addAll(mutants(method, focal));
            }
        }
        for (MethodNode method : read(original).methods) {
            if (method.name.startsWith("lambda$") && (method.access & Opcodes.ACC_SYNTHETIC) != 0) {
                found.addAll(mutants(method, focal));
            }
        }
        for (int index = 0; index < found.size(); index++) {
            found.get(index).index = index;
        }
        return found;
    }

    private static List<Mutant> mutants(MethodNode method, Execution.Focal focal) {
        List<Mutant> found = new ArrayList<>();
        Plumbing plumbing = new Plumbing(method);
        int line = 0;
        for (int at = 0; at < method.instructions.size(); at++) {
            AbstractInsnNode one = method.instructions.get(at);
            if (one instanceof LineNumberNode) {
                line = ((LineNumberNode) one).line;
            }
            if (one.getOpcode() < 0 || line < focal.line || line > focal.end_line) {
                continue;
            }
            for (String operator : operators(one, method)) {
                if (!plumbing.has(one, operator, line)) {
                    Mutant mutant = new Mutant();
                    mutant.operator = operator;
                    mutant.line = line;
                    mutant.method = method.name + method.desc;
                    mutant.at.add(at);
                    found.add(mutant);
                }
            }
        }
        return plumbing.joined(found);
    }

    private static List<String> operators(AbstractInsnNode one, MethodNode method) {
        int opcode = one.getOpcode();
        if (one instanceof JumpInsnNode) {
            List<String> found = new ArrayList<>();
            if (BOUNDARY.containsKey(opcode)) {
                found.add("CONDITIONALS_BOUNDARY");
            }
            if (NEGATED.containsKey(opcode)) {
                found.add("NEGATE_CONDITIONALS");
            }
            return found;
        }
        if (one instanceof IincInsnNode) {
            return List.of("INCREMENTS");
        }
        if (ARITHMETIC.containsKey(opcode)) {
            return List.of("MATH");
        }
        if (opcode >= Opcodes.INEG && opcode <= Opcodes.DNEG) {
            return List.of("INVERT_NEGS");
        }
        if (one instanceof MethodInsnNode) {
            MethodInsnNode call = (MethodInsnNode) one;
            return call.desc.endsWith(")V") && !call.name.startsWith("<") ? List.of("VOID_METHOD_CALLS") : List.of();
        }
        return opcode >= Opcodes.IRETURN && opcode <= Opcodes.ARETURN ? returns(method) : List.of();
    }

    private static List<String> returns(MethodNode method) {
        Type type = Type.getReturnType(method.desc);
        if (type.getSort() == Type.BOOLEAN || type.getInternalName().equals(BOOLEAN)) {
            return List.of("FALSE_RETURNS", "TRUE_RETURNS");
        }
        if (type.getSort() < Type.ARRAY) {
            return List.of("PRIMITIVE_RETURNS");
        }
        if (EMPTY.containsKey(type.getInternalName())) {
            return List.of("EMPTY_RETURNS");
        }
        return isNotNull(method) ? List.of() : List.of("NULL_RETURNS");
    }

    private static boolean isNotNull(MethodNode method) {
        List<org.objectweb.asm.tree.AnnotationNode> all = new ArrayList<>();
        for (var some : Arrays.asList(method.visibleAnnotations, method.invisibleAnnotations)) {
            all.addAll(some == null ? List.of() : some);
        }
        return all.stream().anyMatch(one -> one.desc.endsWith("NotNull;"));
    }

    /** The class with one mutant in it. */
    static byte[] mutated(byte[] original, Mutant mutant) {
        ClassNode node = read(original);
        MethodNode method = methodOf(node, mutant);
        AbstractInsnNode[] all = method.instructions.toArray();
        for (int at : mutant.at) {
            change(method, all[at], mutant.operator);
        }
        return written(node);
    }

    private static void change(MethodNode method, AbstractInsnNode one, String operator) {
        InsnList code = method.instructions;
        int opcode = one.getOpcode();
        switch (operator) {
            case "CONDITIONALS_BOUNDARY":
                ((JumpInsnNode) one).setOpcode(BOUNDARY.get(opcode));
                return;
            case "NEGATE_CONDITIONALS":
                ((JumpInsnNode) one).setOpcode(NEGATED.get(opcode));
                return;
            case "INCREMENTS":
                ((IincInsnNode) one).incr = -((IincInsnNode) one).incr;
                return;
            case "MATH":
                code.set(one, new InsnNode(ARITHMETIC.get(opcode)));
                return;
            case "INVERT_NEGS":
                code.set(one, new InsnNode(Opcodes.NOP));
                return;
            case "VOID_METHOD_CALLS":
                drop(code, (MethodInsnNode) one);
                return;
            default:
                boolean wide = opcode == Opcodes.LRETURN || opcode == Opcodes.DRETURN;
                code.insertBefore(one, new InsnNode(wide ? Opcodes.POP2 : Opcodes.POP));
                for (AbstractInsnNode each : returned(method, opcode, operator)) {
                    code.insertBefore(one, each.clone(Map.of()));
                }
        }
    }

    private static void drop(InsnList code, MethodInsnNode call) {
        Type[] arguments = Type.getArgumentTypes(call.desc);
        for (int at = arguments.length - 1; at >= 0; at--) {
            code.insertBefore(call, new InsnNode(arguments[at].getSize() == 2 ? Opcodes.POP2 : Opcodes.POP));
        }
        // An instruction stays where the call was, so that no label or frame is left at the end of the code.
        code.set(call, new InsnNode(call.getOpcode() == Opcodes.INVOKESTATIC ? Opcodes.NOP : Opcodes.POP));
    }

    private static AbstractInsnNode[] returned(MethodNode method, int opcode, String operator) {
        if (operator.equals("EMPTY_RETURNS")) {
            return EMPTY.get(Type.getReturnType(method.desc).getInternalName());
        }
        if (operator.equals("NULL_RETURNS")) {
            return new AbstractInsnNode[] {new InsnNode(Opcodes.ACONST_NULL)};
        }
        if (operator.equals("PRIMITIVE_RETURNS")) {
            int[] zeros = {Opcodes.ICONST_0, Opcodes.LCONST_0, Opcodes.FCONST_0, Opcodes.DCONST_0};
            return new AbstractInsnNode[] {new InsnNode(zeros[opcode - Opcodes.IRETURN])};
        }
        InsnNode value = new InsnNode(operator.equals("TRUE_RETURNS") ? Opcodes.ICONST_1 : Opcodes.ICONST_0);
        if (opcode == Opcodes.IRETURN) {
            return new AbstractInsnNode[] {value};
        }
        String descriptor = "(Z)L" + BOOLEAN + ";";
        return new AbstractInsnNode[] {
            value, new MethodInsnNode(Opcodes.INVOKESTATIC, BOOLEAN, "valueOf", descriptor, false)
        };
    }

    /** The class with a note before each instruction that some mutant would change. */
    static byte[] noting(byte[] original, List<Mutant> mutants) {
        ClassNode node = read(original);
        Map<AbstractInsnNode, List<Integer>> places = new LinkedHashMap<>();
        Map<AbstractInsnNode, MethodNode> methods = new LinkedHashMap<>();
        for (Mutant mutant : mutants) {
            MethodNode method = methodOf(node, mutant);
            for (int at : mutant.at) {
                AbstractInsnNode one = method.instructions.get(at);
                places.computeIfAbsent(one, unused -> new ArrayList<>()).add(mutant.index);
                methods.put(one, method);
            }
        }
        places.forEach(
            (one, indexes) -> {
                for (int index : indexes) {
                    InsnList noted = new InsnList();
                    noted.add(new LdcInsnNode(index));
                    noted.add(new MethodInsnNode(Opcodes.INVOKESTATIC, PROBES, "reach", "(I)V", false));
                    methods.get(one).instructions.insertBefore(one, noted);
                }
            });
        return written(node);
    }

    private static MethodNode methodOf(ClassNode node, Mutant mutant) {
        return node.methods.stream().filter(one -> (one.name + one.desc).equals(mutant.method)).findFirst().orElseThrow();
    }

    private static ClassNode read(byte[] bytes) {
        ClassNode node = new ClassNode();
        new ClassReader(bytes).accept(node, 0);
        return node;
    }

    private static byte[] written(ClassNode node) {
        ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
        node.accept(writer);
        return writer.toByteArray();
    }
}
