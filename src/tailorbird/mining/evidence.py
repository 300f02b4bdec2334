"""The words of evidence, and the confidence they add up to.

How the method was found (one of these):
  name-equals, name-prefix, name-words   the test's name is, starts with, or contains the method's name as words
  name-stem                              the test's name has the stem of a method that it calls (Decoding: decode)
  name-start                             the method's name goes on where the test's ends (render: renderComponent)
  only-call                              the only method of the focal class that the test calls
  assertion-call                         the last method of the focal class called before or inside the first assertion
  expected-call                          the last call of a test that expects an exception by its annotation
  asserted-getter                        the first getter asserted on by a test that only reads
  name-constructor                       the test's name speaks of construction, and it creates the focal class
  only-constructor                       the test does nothing with the focal class but create it, and asserts on that
What weakens it:
  abstract          the declaration has no body: the receiver is an interface with several implementations
  helper            called through a helper method of the test class
  receiver-unknown  the receiver's type is not known; the focal class has one method of that name and arity
  overload-guess    several overloads fit the arguments
How the class was found (one of these):
  class-name, class-prefix, class-suffix by the test class's name, by the start of it, by its end
  class-usage                            by the types that the test uses
"""

_FACTORS = {
    "name-equals": 0.98,
    "name-prefix": 0.95,
    "name-words": 0.85,
    "only-call": 0.8,
    "name-stem": 0.75,
    "assertion-call": 0.65,
    "expected-call": 0.65,
    "name-constructor": 0.9,
    "only-constructor": 0.7,
    "name-start": 0.85,
    "asserted-getter": 0.7,
    "abstract": 0.95,
    "helper": 0.9,
    "receiver-unknown": 0.85,
    "overload-guess": 0.9,
    "class-name": 1.0,
    "class-prefix": 0.95,
    "class-suffix": 0.9,
    "class-usage": 0.85,
}


def confidence(evidence: tuple[str, ...]) -> float:
    """A rank from 0 to 1, not a calibrated probability."""
    product = 1.0
    for word in evidence:
        product *= _FACTORS[word]
    return round(product, 3)
