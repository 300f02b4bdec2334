package tailorbird.worker;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/** Runs one candidate against mutants of its focal method, each in a loader of its own. */
final class Mutation {

    /** What to run, and against how much. */
    static final class Job extends Execution.Job {
        /** Most mutants; of more so many are drawn. */
        int limit = 100;
        long seed;
        /** Of those drawn, the first one to run: an earlier answer had those before it. */
        int first;
        /** After so long the answer is given, with what is done by then. */
        long budget_ms = 20_000;
        /** A mutant's deadline: so many times the candidate's own time, but no less than this. */
        int factor = 5;
        long least_ms = 1_000;
    }

    /** What happened. */
    static final class Outcome extends Main.Answer {
        /** Without a mutant the candidate passes, before and after. */
        boolean passed;
        /** All mutants of the method, drawn or not. */
        int total;
        List<Result> mutants = new ArrayList<>();
        /** None of those drawn is left to run. */
        boolean complete;
        /** Something is left behind in this JVM. */
        boolean spent;
        /** Of the candidate's own run. */
        double milliseconds;
    }

    /** What one mutant came to. */
    static final class Result {
        int index;
        String operator = "";
        int line;
        /** {@code killed}, {@code survived}, {@code not_covered}, {@code timed_out} or {@code invalid}. */
        String status = "";
        /** An assertion failed, or an expected exception was missing. */
        boolean asserted;
    }

    /** Makes the loader of one run; the bytes are those of the focal class, null for its own. */
    interface Loaders {
        CandidateLoader with(byte[] focal) throws IOException;
    }

    private static final int MOST_THREADS = 8;

    private final Loaders loaders;
    private final ProjectClasses main;
    private final Job job;
    private final String classPath;
    private final Outcome outcome = new Outcome();
    private int threads;

    Mutation(Loaders loaders, ProjectClasses main, Job job, String classPath) {
        this.loaders = loaders;
        this.main = main;
        this.job = job;
        this.classPath = classPath;
    }

    Outcome run() throws IOException {
        long until = System.nanoTime() + job.budget_ms * 1_000_000;
        byte[] original = main.original(job.focal.owner);
        List<Mutator.Mutant> drawn = original == null ? List.of() : drawn(Mutator.mutants(original, job.focal));
        boolean[] reached = reached(original, drawn);
        if (!outcome.passed) {
            return outcome;
        }
        job.deadline_ms = Math.max(job.least_ms, Math.round(job.factor * outcome.milliseconds));
        int at = job.first;
        boolean any = false;
        while (at < drawn.size() && !outcome.spent && (System.nanoTime() < until || at == job.first)) {
            Mutator.Mutant mutant = drawn.get(at++);
            boolean run = reached[mutant.index];
            any |= run;
            outcome.mutants.add(run ? met(original, mutant) : result(mutant, "not_covered"));
        }
        outcome.complete = at >= drawn.size();
        if (any && !outcome.spent) {
            // What a mutant has left behind would make others look killed.
            outcome.passed = passes(execute(loaders.with(null)));
        }
        return outcome;
    }

    private List<Mutator.Mutant> drawn(List<Mutator.Mutant> all) {
        outcome.total = all.size();
        if (all.size() <= job.limit) {
            return all;
        }
        // The same ones whichever candidate asks.
        Execution.Focal focal = job.focal;
        List<Mutator.Mutant> drawn = new ArrayList<>(all);
        Collections.shuffle(drawn, new Random((focal.owner + "." + focal.name + ":" + focal.line).hashCode() + 31 * job.seed));
        drawn = drawn.subList(0, job.limit);
        drawn.sort(Comparator.comparingInt(one -> one.index));
        return drawn;
    }

    /** By index, whether the candidate comes to the place of a mutant; with what it takes it is found whether it passes at all. */
    private boolean[] reached(byte[] original, List<Mutator.Mutant> drawn) throws IOException {
        boolean[] reached = new boolean[outcome.total];
        byte[] noting = null;
        try {
            if (!drawn.isEmpty()) {
                noting = prepared(Mutator.noting(original, drawn));
            }
        } catch (RuntimeException error) { // The method gets too large with the notes.
            Arrays.fill(reached, true);
        }
        CandidateLoader loader = loaders.with(noting);
        Execution.Outcome own;
        try {
            loader.expect(reached);
            own = execute(loader);
        } catch (ReflectiveOperationException | LinkageError error) {
            return reached;
        }
        // Through a pinned class a mutant would not be seen.
        outcome.passed = passes(own) && !own.pinned_own;
        outcome.milliseconds = own.milliseconds;
        return reached;
    }

    private Result met(byte[] original, Mutator.Mutant mutant) throws IOException {
        byte[] bytes;
        try {
            bytes = prepared(Mutator.mutated(original, mutant));
        } catch (RuntimeException error) {
            return result(mutant, "invalid");
        }
        try {
            Execution.Outcome one = execute(loaders.with(bytes));
            threads += one.threads;
            outcome.spent =
                one.out_of_memory
                    || one.processes > 0
                    || threads > MOST_THREADS
                    || one.timeout && one.threads > 0
                    || one.pinned_own;
            if (one.events.stream().anyMatch(each -> isInvalid(each.thrown)) || isInvalid(one.crash)) {
                return result(mutant, "invalid");
            }
            Result result = result(mutant, one.timeout ? "timed_out" : fails(one) ? "killed" : "survived");
            result.asserted = !one.timeout && one.events.stream().anyMatch(Mutation::isAsserted);
            return result;
        } catch (OutOfMemoryError error) {
            outcome.spent = true;
            return result(mutant, "killed");
        }
    }

    private Execution.Outcome execute(CandidateLoader loader) {
        return new Execution(loader, main, job, null, classPath).run();
    }

    private byte[] prepared(byte[] bytes) throws IOException {
        return Instrumentation.prepare(job.focal.owner, bytes, false);
    }

    private static Result result(Mutator.Mutant mutant, String status) {
        Result result = new Result();
        result.index = mutant.index;
        result.operator = mutant.operator;
        result.line = mutant.line;
        result.status = status;
        return result;
    }

    private static boolean isAsserted(Execution.Event event) {
        return event.kind.equals("failed") && event.thrown != null && event.thrown.asserted;
    }

    private static boolean isInvalid(Execution.Thrown thrown) {
        return thrown != null
            && (thrown.type.equals("java.lang.VerifyError") || thrown.type.equals("java.lang.ClassFormatError"));
    }

    private static boolean fails(Execution.Outcome one) {
        return one.exit != null
            || one.out_of_memory
            || one.timeout
            || one.crash != null
            || one.threads > Execution.MAX_THREADS
            || one.events.stream().anyMatch(each -> each.kind.equals("failed"));
    }

    private static boolean passes(Execution.Outcome one) {
        return !fails(one) && one.events.stream().anyMatch(each -> each.kind.equals("passed"));
    }
}
