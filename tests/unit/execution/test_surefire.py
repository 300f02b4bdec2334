"""What a build tells the JVM of its tests, read from an effective POM."""

from xml.etree import ElementTree

from tailorbird.execution.surefire import JvmSettings, settings_of


def settings(configuration: str = "", *, properties: str = "", executions: str = "") -> JvmSettings:
    return settings_of(
        ElementTree.fromstring(
            f"<project><properties>{properties}</properties><build><plugins><plugin><artifactId>other</artifactId>"
            "<configuration><argLine>-Dother=1</argLine></configuration></plugin><plugin>"
            f"<artifactId>maven-surefire-plugin</artifactId><configuration>{configuration}</configuration>"
            f"<executions>{executions}</executions></plugin></plugins></build></project>"
        )
    )


def test_nothing_is_told_by_default() -> None:
    assert settings() == JvmSettings()
    assert settings_of(ElementTree.fromstring("<project/>")) == JvmSettings()


def test_the_argument_line_goes_without_heap_agents_and_what_is_unknown() -> None:
    line = "@{argLine} -Xmx9g -javaagent:a.jar -Da='b c' --add-opens x/y=ALL-UNNAMED --add-reads=m=n ${m} -ea"
    assert settings(f"<argLine>{line}</argLine>").options == (
        "-Da=b c",
        "--add-opens=x/y=ALL-UNNAMED",
        "--add-reads=m=n",
        "-ea",
    )


def test_the_property_counts_where_the_plugin_has_no_argument_line() -> None:
    assert settings(properties="<argLine>-Da=1</argLine>").options == ("-Da=1",)
    assert settings("<argLine>-Db=2</argLine>", properties="<argLine>-Da=1</argLine>").options == ("-Db=2",)


def test_properties_and_environment_of_the_default_execution_go_over_the_plugins() -> None:
    executions = (
        "<execution><id>default-test</id><configuration><systemPropertyVariables><b>3</b></systemPropertyVariables>"
        "</configuration></execution><execution><id>other</id><configuration><argLine>-Dc=4</argLine></configuration>"
        "</execution>"
    )
    found = settings(
        "<systemPropertyVariables><a>1</a><b>2</b><c>${never}</c></systemPropertyVariables><systemProperties><property>"
        "<name>d</name><value>5</value></property></systemProperties><environmentVariables><E>6 7</E>"
        "</environmentVariables>",
        executions=executions,
    )
    assert found == JvmSettings(("-Dd=5", "-Da=1", "-Db=3"), ("E=6 7",))


def test_the_workers_own_properties_cannot_be_set() -> None:
    line = "-Djava.system.class.loader=x -Djava.security.manager -Duser.home=/ -Duser.timezone=UTC -Dtailorbird.x=1"
    assert settings(f"<argLine>{line}</argLine>").options == ("-Duser.timezone=UTC",)


def test_a_line_that_cannot_be_read_is_left_out() -> None:
    assert settings("<argLine>-Da='b</argLine>") == JvmSettings()
