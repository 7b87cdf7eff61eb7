"""Who is in the demo union: invented names, chapters and what people do on which platform."""

from dataclasses import dataclass

from union.core.actor import Role

CHAPTERS = (
    ("amsterdam", "Amsterdam", "Europe/Amsterdam"),
    ("rotterdam", "Rotterdam", "Europe/Amsterdam"),
    ("utrecht", "Utrecht", "Europe/Amsterdam"),
    ("groningen", "Groningen", "Europe/Amsterdam"),
    ("london", "London", "Europe/London"),
)

FIRST = (
    "Samira", "Daan", "Noor", "Mehmet", "Lotte", "Youssef", "Fatima", "Bram", "Aylin", "Joris", "Chen", "Esra", "Tomasz",
    "Ines", "Kofi", "Sanne", "Omar", "Femke", "Raj", "Hanna",
)  # fmt: skip
LAST = (
    "Bakker", "Yilmaz", "de Vries", "Amrani", "Jansen", "Okafor", "van Dijk", "Nowak", "Singh", "Visser", "Mulder",
    "Haddad", "Smit",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody of the demo union."""

    name: str
    email: str
    phone: str
    chapter: str
    language: str
    zone: str
    platforms: dict[str, tuple[str, ...]]
    role: Role | None = None


WORK: tuple[dict[str, tuple[str, ...]], ...] = (
    {"uber": ("driver",), "bolt": ("driver",)},
    {"uber": ("driver",)},
    {"bolt": ("driver",), "instagram": ("user",)},
    {"uber": ("driver",), "bolt": ("driver",), "instagram": ("user",)},
    {"thuisbezorgd": ("courier",), "instagram": ("user",), "uber": ("driver",)},
    {"etsy": ("seller",), "instagram": ("creator",), "bolt": ("driver",)},
    {"bol": ("seller",), "etsy": ("seller",), "uber": ("driver",)},
    {"youtube": ("creator",), "instagram": ("creator",), "bolt": ("driver",)},
)

ROLES = {
    0: None,
    1: Role.ORGANIZER,
    2: Role.ORGANIZER,
    3: Role.TRUSTEE,
    4: Role.TRUSTEE,
    5: Role.TRUSTEE,
    6: Role.OFFICER,
}


def people(count: int) -> list[Person]:
    """Return `count` invented members, the first seven in the roles that the printed links are for.

    Numbers are from the range that regulators keep for stories (+31 6 1234 ....) and addresses end in .example.
    """
    found = []
    for n in range(count):
        chapter, _name, zone = CHAPTERS[0 if n in ROLES else (n * 7) % len(CHAPTERS)]
        first, last = FIRST[n % len(FIRST)], LAST[(n // len(FIRST) * 5 + n) % len(LAST)]
        everything: dict[str, tuple[str, ...]] = {
            "uber": ("driver",),
            "bolt": ("driver",),
            "instagram": ("user",),
        }
        found.append(
            Person(
                name=f"{first} {last}",
                email=f"{first}.{last.replace(' ', '')}.{n}@leden.example".lower(),
                phone=f"+316123{n:05d}" if n % 3 != 1 or n in ROLES else "",
                chapter=chapter,
                language="en" if n in ROLES or chapter == "london" else "nl",
                zone=zone,
                platforms=everything if n in ROLES else WORK[n % len(WORK)],
                role=ROLES.get(n),
            )
        )
    return found
