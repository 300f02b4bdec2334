package tailorbird.bridge;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs test methods through the JUnit Platform. It lives in the project's own class loader, beside the project's own JUnit, and
 * speaks to the worker in the JDK's types only.
 */
public final class TestRunner implements Consumer<Object[]> {

    /**
     * @param arguments the test class, the methods (Method[]), and a {@code Consumer<Object[]>} that is given an event
     *     {@code {kind, display name, throwable or null}} for each test and each failed container: {@code started}, {@code
     *     passed}, {@code failed}, {@code aborted}, {@code skipped}
     */
    @Override
    @SuppressWarnings("unchecked")
    public void accept(Object[] arguments) {
        Class<?> owner = (Class<?>) arguments[0];
        Consumer<Object[]> events = (Consumer<Object[]>) arguments[2];
        List<org.junit.platform.engine.DiscoverySelector> selectors = new ArrayList<>();
        for (Method method : (Method[]) arguments[1]) {
            selectors.add(selectMethod(owner, method));
        }
        LauncherDiscoveryRequest request =
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectors)
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "false")
                .build();
        Launcher launcher = LauncherFactory.create();
        launcher.execute(request, new Listener(events));
    }

    private static final class Listener implements TestExecutionListener {
        private final Consumer<Object[]> events;

        Listener(Consumer<Object[]> events) {
            this.events = events;
        }

        @Override
        public void executionStarted(TestIdentifier identifier) {
            if (identifier.isTest()) {
                events.accept(new Object[] {"started", identifier.getDisplayName(), null});
            }
        }

        @Override
        public void executionSkipped(TestIdentifier identifier, String reason) {
            events.accept(new Object[] {"skipped", identifier.getDisplayName() + ": " + reason, null});
        }

        @Override
        public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
            Throwable thrown = result.getThrowable().orElse(null);
            switch (result.getStatus()) {
                case SUCCESSFUL:
                    if (identifier.isTest()) {
                        events.accept(new Object[] {"passed", identifier.getDisplayName(), null});
                    }
                    break;
                case ABORTED:
                    events.accept(new Object[] {"aborted", identifier.getDisplayName(), thrown});
                    break;
                default:
                    events.accept(new Object[] {"failed", identifier.getDisplayName(), thrown});
            }
        }
    }
}
