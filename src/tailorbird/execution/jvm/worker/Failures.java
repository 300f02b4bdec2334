package tailorbird.worker;

/** Tells failed checks of a test from whatever else a test can throw. */
final class Failures {
    /** What TestNG throws where an exception that a test expects did not come, or another one did. */
    private static final String TESTNG = "org.testng.TestException";

    /** Where JUnit 4 throws a plain exception because another one came than the test expects. */
    private static final String JUNIT4 = "org.junit.internal.runners.statements.ExpectException";

    private Failures() {}

    /**
     * Whether an assertion of the test failed, or an exception that it expects was missing. Assertions of JUnit, TestNG, AssertJ,
     * Hamcrest, Truth and mocking libraries all throw kinds of AssertionError. So do {@code assert} statements of production code and
     * what it throws where it finds itself in an impossible state: any call of it would have met those.
     */
    static boolean isAsserted(Throwable error, ProjectClasses main) {
        StackTraceElement[] trace = error.getStackTrace();
        String thrower = trace.length == 0 ? "" : trace[0].getClassName();
        if (error instanceof AssertionError) {
            return error.getClass() != AssertionError.class || !main.has(thrower.replace('.', '/'));
        }
        for (Class<?> one = error.getClass(); one != null; one = one.getSuperclass()) {
            if (one.getName().equals(TESTNG)) {
                return true;
            }
        }
        return thrower.equals(JUNIT4);
    }
}
