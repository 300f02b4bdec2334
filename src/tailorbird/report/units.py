"""Numbers with the units that people would choose."""

from collections.abc import Sequence

MINUS = "\N{MINUS SIGN}"
_PF_DAY = 1e15 * 86_400
_DECIMAL = ("", "k", "M", "G", "T", "P", "E")


def number(value: float, digits: int = 2) -> str:
    """``value`` with a true minus sign and thousands apart by a thin space."""
    return f"{value:,.{digits}f}".replace("-", MINUS).replace(",", "\N{NARROW NO-BREAK SPACE}")


def signed(value: float, digits: int = 2) -> str:
    """A difference: always with its sign, unless it rounds to zero."""
    text = number(abs(value), digits)
    if not any(digit in text for digit in "123456789"):
        return text
    return f"{'+' if value > 0 else MINUS}{text}"


def percent(share: float, digits: int = 0) -> str:
    """A share of 1 as percent."""
    return f"{number(100 * share, digits)}%"


def scaled(value: float, unit: str) -> str:
    """Three significant digits and a decimal prefix, such as ``48.3 TFLOP``."""
    size, step = float(value), 0
    while abs(size) >= 999.5 and step < len(_DECIMAL) - 1:
        size, step = size / 1000, step + 1
    digits = 0 if step == 0 or abs(size) >= 99.95 else 1 if abs(size) >= 9.995 else 2
    return f"{number(size, digits)} {_DECIMAL[step]}{unit}".rstrip()


def seconds(value: float) -> str:
    """Seconds up to ten minutes, then minutes, then hours."""
    if value < 99.95:
        return f"{number(value, 1)} s"
    if value < 600:
        return f"{number(value, 0)} s"
    return f"{number(value / 60, 1)} min" if value < 7200 else f"{number(value / 3600, 1)} h"


def pf_days(flops: float) -> str:
    """FLOPs as days at one PFLOP/s."""
    return f"{flops / _PF_DAY:.2g} PF-days".replace("-0", f"{MINUS}0", 1)


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
