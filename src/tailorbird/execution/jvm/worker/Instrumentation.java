package tailorbird.worker;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import org.jacoco.core.instr.Instrumenter;
import org.jacoco.core.runtime.IExecutionDataAccessorGenerator;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

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

    /** A class that notes each entry of a method, and what its methods are. */
    static final class Noting {
        final byte[] bytes;
        private final List<String> names;
        private final List<BitSet> lines;

        private Noting(byte[] bytes, List<String> names, List<BitSet> lines) {
            this.bytes = bytes;
            this.names = names;
            this.lines = lines;
        }

        int methods() {
            return names.size();
        }

        /** Whether one of the methods of that name which have code within the focal method's lines was entered. */
        boolean entered(boolean[] notes, Execution.Focal focal) {
            for (int index = 0; index < names.size(); index++) {
                if (notes[index] && names.get(index).equals(focal.name)) {
                    // A constructor has lines outside of its own: those of the fields that it initialises.
                    int line = lines.get(index).nextSetBit(focal.line);
                    if (line >= 0 && line <= focal.end_line) {
                        return true;
                    }
                }
            }
            return false;
        }
    }

    /** The class with a note at the entry of each of its methods. */
    static Noting noting(byte[] bytes) {
        List<String> names = new ArrayList<>();
        List<BitSet> lines = new ArrayList<>();
        byte[] rewritten =
            rewritten(
                bytes,
                (name, visitor) -> {
                    BitSet own = new BitSet();
                    names.add(name);
                    lines.add(own);
                    return new Noter(visitor, names.size() - 1, own);
                });
        return new Noting(rewritten, names, lines);
    }

    private static final class Noter extends MethodVisitor {
        private final int index;
        private final BitSet lines;

        Noter(MethodVisitor visitor, int index, BitSet lines) {
            super(Opcodes.ASM9, visitor);
            this.index = index;
            this.lines = lines;
        }

        @Override
        public void visitCode() {
            super.visitCode();
            super.visitLdcInsn(index);
            super.visitMethodInsn(Opcodes.INVOKESTATIC, PROBES, "enter", "(I)V", false);
        }

        @Override
        public void visitLineNumber(int line, Label start) {
            lines.set(line);
            super.visitLineNumber(line, start);
        }

        @Override
        public void visitMaxs(int stack, int locals) {
            super.visitMaxs(Math.max(stack, 1), locals);
        }
    }

    private static byte[] tamed(byte[] bytes) {
        return rewritten(bytes, (name, visitor) -> new Tamer(visitor));
    }

    /** The class with each method, of some name, seen through another visitor. */
    private static byte[] rewritten(byte[] bytes, BiFunction<String, MethodVisitor, MethodVisitor> through) {
        ClassReader reader = new ClassReader(bytes);
        ClassWriter writer = new ClassWriter(reader, 0);
        reader.accept(
            new ClassVisitor(Opcodes.ASM9, writer) {
                @Override
                public MethodVisitor visitMethod(
                    int access, String name, String descriptor, String signature, String[] exceptions) {
                    return through.apply(name, super.visitMethod(access, name, descriptor, signature, exceptions));
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
