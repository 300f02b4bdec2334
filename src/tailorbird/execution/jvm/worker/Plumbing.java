package tailorbird.worker;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.IincInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.LineNumberNode;
import org.objectweb.asm.tree.LookupSwitchInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TableSwitchInsnNode;
import org.objectweb.asm.tree.TryCatchBlockNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Which instructions of a method say nothing of its tests when they are mutated, by the rules that PIT has by default: what javac writes
 * for enhanced for loops, try with resources, assert and switches on strings, calls of loggers, counters of for loops, and
 * returns that already return what the mutant would.
 */
final class Plumbing {
    private static final List<String> LOGGERS =
        List.of("java/util/logging/", "org/apache/log4j/", "org/apache/logging/log4j/", "org/slf4j/", "org/apache/commons/logging/");
    private static final Set<Integer> ZEROS =
        Set.of(Opcodes.ICONST_0, Opcodes.LCONST_0, Opcodes.FCONST_0, Opcodes.DCONST_0);
    private static final Set<String> EMPTY =
        Set.of("java/util/Optional.empty", "java/util/stream/Stream.empty", "java/util/Collections.emptyList",
            "java/util/Collections.emptyMap", "java/util/Collections.emptySet", "java/util/Map.of", "java/util/List.of",
            "java/util/Set.of");

    /** Instructions that closing one resource takes at most. */
    private static final int CLOSING = 14;

    private final InsnList code;
    private final Set<AbstractInsnNode> ofLoops = new HashSet<>();
    private final Set<AbstractInsnNode> ofRegions = new HashSet<>();
    private final Set<Integer> loggingLines = new HashSet<>();
    private final Set<AbstractInsnNode> inFinally = new HashSet<>();

    Plumbing(MethodNode method) {
        code = method.instructions;
        int line = 0;
        for (AbstractInsnNode one : code) {
            if (one instanceof LineNumberNode) {
                line = ((LineNumberNode) one).line;
            } else if (one instanceof MethodInsnNode && LOGGERS.stream().anyMatch(((MethodInsnNode) one).owner::startsWith)) {
                loggingLines.add(line);
            } else if (one.getOpcode() == Opcodes.GOTO) {
                loop((JumpInsnNode) one);
            } else if (isField(one, "$assertionsDisabled") && next(one).getOpcode() == Opcodes.IFNE) {
                region(one, ((JumpInsnNode) next(one)).label);
            } else if (one.getOpcode() == Opcodes.ICONST_M1) {
                stringSwitch(one);
            }
        }
        for (TryCatchBlockNode one : method.tryCatchBlocks) {
            if (one.type == null) {
                handler(one.handler);
            } else if (one.type.equals("java/lang/Throwable")) {
                resources(one);
            }
        }
    }

    /** Whether the mutant that an operator makes of an instruction is left out. */
    boolean has(AbstractInsnNode one, String operator, int line) {
        if (ofLoops.contains(one) || ofRegions.contains(one) || loggingLines.contains(line)) {
            return true;
        }
        if (operator.endsWith("_RETURNS")) {
            return returnsAlready(one, operator);
        }
        return operator.equals("MATH") && isMultiplication(one.getOpcode()) && isMinusOne(previous(one));
    }

    /** Mutants, where javac has copied a finally block those of all copies of it made one. */
    List<Mutator.Mutant> joined(List<Mutator.Mutant> mutants) {
        Map<String, List<Mutator.Mutant>> alike = new LinkedHashMap<>();
        for (Mutator.Mutant one : mutants) {
            AbstractInsnNode at = code.get(one.at.get(0));
            String called = at instanceof MethodInsnNode ? ((MethodInsnNode) at).owner + "." + ((MethodInsnNode) at).name : "";
            String by = at instanceof IincInsnNode ? " " + ((IincInsnNode) at).incr : "";
            String opcode = one.operator.equals("MATH") ? " " + at.getOpcode() : "";
            alike.computeIfAbsent(one.line + one.operator + called + by + opcode, unused -> new ArrayList<>()).add(one);
        }
        List<Mutator.Mutant> found = new ArrayList<>(mutants);
        for (List<Mutator.Mutant> some : alike.values()) {
            long inside = some.stream().filter(one -> inFinally.contains(code.get(one.at.get(0)))).count();
            if (inside == 1 && some.size() > 1) {
                for (Mutator.Mutant copy : some.subList(1, some.size())) {
                    some.get(0).at.addAll(copy.at);
                    found.remove(copy);
                }
            }
        }
        return found;
    }

    /** The plumbing of a loop, from the jump back to its start. */
    private void loop(JumpInsnNode back) {
        AbstractInsnNode first = real(back.label);
        if (first == null || code.indexOf(back.label) > code.indexOf(back)) {
            return;
        }
        AbstractInsnNode last = previous(back);
        if (first.getOpcode() == Opcodes.ILOAD && last instanceof IincInsnNode && sameVariable(first, last)) {
            // for (...; i < n; i++): a counter that runs the wrong way ends by time alone.
            if (leaves(first, back)) {
                ofLoops.add(last);
            }
            overArray(first, last);
        }
        AbstractInsnNode asked = next(first);
        if (first.getOpcode() == Opcodes.ALOAD && isCall(asked, "java/util/Iterator", "hasNext")) {
            AbstractInsnNode stored = previous(first);
            boolean made =
                stored != null && stored.getOpcode() == Opcodes.ASTORE && previous(stored) instanceof MethodInsnNode
                    && ((MethodInsnNode) previous(stored)).desc.endsWith(")Ljava/util/Iterator;");
            AbstractInsnNode jump = next(asked);
            if (made && jump instanceof JumpInsnNode && isCall(next(next(jump)), "java/util/Iterator", "next")) {
                ofLoops.add(jump);
            }
        }
    }

    /** Whether a condition in the loop leaves it for what stands behind it, and has the rest of the loop on another line. */
    private static boolean leaves(AbstractInsnNode first, JumpInsnNode back) {
        Set<AbstractInsnNode> behind = new HashSet<>();
        for (AbstractInsnNode one = back.getNext(); one != null && one.getOpcode() < 0; one = one.getNext()) {
            behind.add(one);
        }
        for (AbstractInsnNode one = first; one != back; one = one.getNext()) {
            if (one instanceof JumpInsnNode && one.getOpcode() != Opcodes.GOTO && behind.contains(((JumpInsnNode) one).label)
                && one.getNext() instanceof LabelNode) {
                return true;
            }
        }
        return false;
    }

    private void overArray(AbstractInsnNode first, AbstractInsnNode increment) {
        AbstractInsnNode jump = next(next(first));
        AbstractInsnNode one = previous(first);
        for (int opcode : new int[] {Opcodes.ISTORE, Opcodes.ICONST_0, Opcodes.ISTORE, Opcodes.ARRAYLENGTH}) {
            if (one == null || one.getOpcode() != opcode) {
                return;
            }
            one = previous(one);
        }
        if (next(first).getOpcode() == Opcodes.ILOAD && jump instanceof JumpInsnNode) {
            ofLoops.add(jump);
            ofLoops.add(increment);
        }
    }

    private void stringSwitch(AbstractInsnNode start) {
        AbstractInsnNode hash = next(next(next(start)));
        if (!isCall(hash, "java/lang/String", "hashCode") || !isSwitch(next(hash))) {
            return;
        }
        for (AbstractInsnNode one = next(next(hash)); one != null && !isSwitch(one); one = next(one)) {
            ofRegions.add(one);
        }
    }

    private void handler(LabelNode handler) {
        for (AbstractInsnNode one = real(handler); one != null; one = next(one)) {
            int opcode = one.getOpcode();
            inFinally.add(one);
            if (opcode >= Opcodes.IRETURN && opcode <= Opcodes.RETURN || opcode == Opcodes.ATHROW) {
                return;
            }
        }
    }

    /** What javac writes at the end of try with resources: closing, and closing where something was thrown. */
    private void resources(TryCatchBlockNode block) {
        AbstractInsnNode first = real(block.handler);
        boolean old = opcodes(first, Opcodes.ASTORE, Opcodes.ALOAD, Opcodes.ASTORE, Opcodes.ALOAD, Opcodes.ATHROW, Opcodes.ASTORE);
        AbstractInsnNode end = old ? oldEnd(first) : newEnd(first);
        AbstractInsnNode start = real(block.start);
        while (start != null && start != end && !(isClose(start) && (!old || isChecked(start)))) {
            start = next(start);
        }
        if (end == null || start == null) {
            return;
        }
        while (start != end && isChecked(start)) {
            start = previous(previous(start));
        }
        region(start, end);
    }

    /** Since Java 9: store, load, [ifnull, load,] close, goto, store, load, load, addSuppressed, load, athrow. */
    private static AbstractInsnNode newEnd(AbstractInsnNode first) {
        boolean closed = false;
        AbstractInsnNode one = first;
        for (int steps = 0; one != null && steps < CLOSING; steps++, one = next(one)) {
            closed |= isClose(one);
            AbstractInsnNode thrown = next(next(one));
            if (closed && isCall(one, null, "addSuppressed") && thrown != null && thrown.getOpcode() == Opcodes.ATHROW) {
                return thrown;
            }
        }
        return null;
    }

    /** Before: store, load, store, load, athrow, store, [load, ifnull,] load, ifnull, load, close, ..., load, athrow. */
    private static AbstractInsnNode oldEnd(AbstractInsnNode first) {
        AbstractInsnNode one = first;
        boolean suppressed = false;
        for (int steps = 0; one != null && steps < 2 * CLOSING; steps++, one = next(one)) {
            suppressed |= isCall(one, null, "addSuppressed");
            if (suppressed && one.getOpcode() == Opcodes.ATHROW) {
                return one;
            }
        }
        return null;
    }

    /** Whether it stands behind a check for null and a load, or is such a check itself behind another. */
    private static boolean isChecked(AbstractInsnNode one) {
        AbstractInsnNode check = previous(previous(one));
        return check != null && check.getOpcode() == Opcodes.IFNULL;
    }

    private static boolean opcodes(AbstractInsnNode first, int... wanted) {
        AbstractInsnNode one = first;
        for (int opcode : wanted) {
            if (one == null || one.getOpcode() != opcode) {
                return false;
            }
            one = next(one);
        }
        return true;
    }

    private void region(AbstractInsnNode start, AbstractInsnNode end) {
        for (AbstractInsnNode one = start; one != null && one != end; one = one.getNext()) {
            ofRegions.add(one);
        }
    }

    private boolean returnsAlready(AbstractInsnNode one, String operator) {
        AbstractInsnNode value = previous(one);
        if (isSame(value, operator, one.getOpcode())) {
            return true;
        }
        if (value == null || value.getOpcode() != Opcodes.ALOAD) {
            return false;
        }
        for (AbstractInsnNode each = previous(value); each != null; each = previous(each)) {
            if (each.getOpcode() == Opcodes.ASTORE && sameVariable(each, value)) {
                return isSame(previous(each), operator, one.getOpcode());
            }
        }
        return false;
    }

    /** Whether the value that an instruction leaves is what the operator would return. */
    private boolean isSame(AbstractInsnNode value, String operator, int returning) {
        if (value == null) {
            return false;
        }
        boolean object = returning == Opcodes.ARETURN;
        boolean boxed = object && value instanceof MethodInsnNode && ((MethodInsnNode) value).name.equals("valueOf");
        int opcode = boxed && previous(value) != null ? previous(value).getOpcode() : value.getOpcode();
        switch (operator) {
            case "NULL_RETURNS":
                return opcode == Opcodes.ACONST_NULL;
            case "TRUE_RETURNS":
                return isField(value, "TRUE") || boxed == object && opcode == Opcodes.ICONST_1;
            case "PRIMITIVE_RETURNS":
                return ZEROS.contains(opcode);
            case "FALSE_RETURNS":
                return isField(value, "FALSE") || boxed == object && ZEROS.contains(opcode);
            default:
                return boxed && ZEROS.contains(opcode) || isEmpty(value);
        }
    }

    private static boolean isEmpty(AbstractInsnNode value) {
        if (value instanceof LdcInsnNode) {
            return "".equals(((LdcInsnNode) value).cst);
        }
        if (!(value instanceof MethodInsnNode)) {
            return false;
        }
        MethodInsnNode call = (MethodInsnNode) value;
        return call.desc.startsWith("()") && EMPTY.contains(call.owner + "." + call.name);
    }

    private static boolean isMultiplication(int opcode) {
        return opcode >= Opcodes.IMUL && opcode <= Opcodes.DMUL;
    }

    private static boolean isMinusOne(AbstractInsnNode one) {
        return one != null
            && (one.getOpcode() == Opcodes.ICONST_M1
                || one instanceof LdcInsnNode
                    && ((LdcInsnNode) one).cst instanceof Number
                    && ((Number) ((LdcInsnNode) one).cst).doubleValue() == -1);
    }

    private static boolean isSwitch(AbstractInsnNode one) {
        return one instanceof LookupSwitchInsnNode || one instanceof TableSwitchInsnNode;
    }

    private static boolean isField(AbstractInsnNode one, String name) {
        return one instanceof FieldInsnNode && one.getOpcode() == Opcodes.GETSTATIC && ((FieldInsnNode) one).name.equals(name);
    }

    private static boolean isClose(AbstractInsnNode one) {
        return isCall(one, null, "close") && ((MethodInsnNode) one).desc.equals("()V");
    }

    private static boolean isCall(AbstractInsnNode one, String owner, String name) {
        return one instanceof MethodInsnNode
            && ((MethodInsnNode) one).name.equals(name)
            && (owner == null || ((MethodInsnNode) one).owner.equals(owner));
    }

    private static boolean sameVariable(AbstractInsnNode one, AbstractInsnNode other) {
        return variable(one) == variable(other);
    }

    private static int variable(AbstractInsnNode one) {
        return one instanceof IincInsnNode ? ((IincInsnNode) one).var : ((VarInsnNode) one).var;
    }

    /** The first real instruction from one on. */
    private static AbstractInsnNode real(AbstractInsnNode one) {
        AbstractInsnNode found = one;
        while (found != null && found.getOpcode() < 0) {
            found = found.getNext();
        }
        return found;
    }

    private static AbstractInsnNode next(AbstractInsnNode one) {
        return one == null ? null : real(one.getNext());
    }

    private static AbstractInsnNode previous(AbstractInsnNode one) {
        AbstractInsnNode found = one == null ? null : one.getPrevious();
        while (found != null && found.getOpcode() < 0) {
            found = found.getPrevious();
        }
        return found;
    }
}
