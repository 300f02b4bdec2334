package tailorbird.worker;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.jacoco.core.instr.Instrumenter;
import org.jacoco.core.runtime.IExecutionDataAccessorGenerator;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.LineNumberNode;
import org.objectweb.asm.tree.MethodNode;

/** Bytecode as candidates see it: with probes, with loops that can be ended, and without a way to end the JVM. */
final class Instrumentation {
    private static final String PROBES = "tailorbird/bridge/Probes";

    private static final IExecutionDataAccessorGenerator ACCESS =
        (id, name, count, visitor) -> {
            visitor.visitLdcInsn(id);
            visitor.visitLdcInsn(name);
            visitor.visitLdcInsn(count);
            visitor.visitMethodInsn(Opcodes.INVOKESTATIC, PROBES, "get", "(JLjava/lang/String;I)[Z", false);
            return 4;
        };

    private Instrumentation() {}

    static byte[] prepare(String name, byte[] original, boolean coverage) throws IOException {
        byte[] bytes = original;
        if (coverage) {
            try {
                // JaCoCo's id is a checksum of the original, so this comes first.
                bytes = new Instrumenter(ACCESS).instrument(original, name);
            } catch (IOException | RuntimeException error) {
                bytes = original; // Newer class files than JaCoCo knows, say: run without coverage.
            }
        }
        try {
            return tamed(bytes);
        } catch (RuntimeException error) {
            return bytes; // ASM does not know it, or a method got too large.
        }
    }

    /** The class with a note at the entry of the methods of one name that have code within some lines. */
    static byte[] noting(byte[] bytes, Execution.Focal focal) {
        ClassNode node = new ClassNode();
        new ClassReader(bytes).accept(node, 0);
        for (MethodNode method : node.methods) {
            if (method.name.equals(focal.name) && hasLine(method, focal)) {
                InsnList noted = new InsnList();
                noted.add(new InsnNode(Opcodes.ICONST_1));
                noted.add(new FieldInsnNode(Opcodes.PUTSTATIC, PROBES, "entered", "Z"));
                method.instructions.insert(noted);
            }
        }
        ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
        node.accept(writer);
        return writer.toByteArray();
    }

    /** A constructor has lines outside of its own: those of the fields that it initialises. */
    private static boolean hasLine(MethodNode method, Execution.Focal focal) {
        for (AbstractInsnNode one : method.instructions) {
            if (one instanceof LineNumberNode) {
                int line = ((LineNumberNode) one).line;
                if (focal.line <= line && line <= focal.end_line) {
                    return true;
                }
            }
        }
        return false;
    }

    private static byte[] tamed(byte[] bytes) {
        ClassReader reader = new ClassReader(bytes);
        ClassWriter writer = new ClassWriter(reader, 0);
        reader.accept(
            new ClassVisitor(Opcodes.ASM9, writer) {
                @Override
                public MethodVisitor visitMethod(
                    int access, String name, String descriptor, String signature, String[] exceptions) {
                    MethodVisitor visitor = super.visitMethod(access, name, descriptor, signature, exceptions);
                    return new Tamer(visitor);
                }
            },
            0);
        return writer.toByteArray();
    }

    private static final class Tamer extends MethodVisitor {
        private final Set<Label> passed = new HashSet<>();

        Tamer(MethodVisitor visitor) {
            super(Opcodes.ASM9, visitor);
        }

        @Override
        public void visitLabel(Label label) {
            passed.add(label);
            super.visitLabel(label);
        }

        @Override
        public void visitJumpInsn(int opcode, Label label) {
            // Backwards is how loops turn.
            if (passed.contains(label)) {
                super.visitMethodInsn(Opcodes.INVOKESTATIC, PROBES, "turn", "()V", false);
            }
            super.visitJumpInsn(opcode, label);
        }

        @Override
        public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean isInterface) {
            if ("(I)V".equals(descriptor) && owner.equals("java/lang/System") && name.equals("exit")) {
                super.visitMethodInsn(Opcodes.INVOKESTATIC, PROBES, "exit", descriptor, false);
            } else if ("(I)V".equals(descriptor)
                && owner.equals("java/lang/Runtime")
                && (name.equals("exit") || name.equals("halt"))) {
                super.visitMethodInsn(Opcodes.INVOKESTATIC, PROBES, "exit", "(Ljava/lang/Runtime;I)V", false);
            } else {
                super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
            }
        }
    }
}
