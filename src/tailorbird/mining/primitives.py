"""Java's primitive types: what each becomes without a cast, and the class that boxes it."""

WIDER = {
    "byte": ("short", "int", "long", "float", "double"),
    "short": ("int", "long", "float", "double"),
    "char": ("int", "long", "float", "double"),
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
}
BOXES = {
    "int": "Integer",
    "long": "Long",
    "char": "Character",
    "boolean": "Boolean",
    "byte": "Byte",
    "short": "Short",
    "float": "Float",
    "double": "Double",
}
