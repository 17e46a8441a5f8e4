"""The course of B1, B2 and B3: Chinwag and the floor, each with the same people, and a group."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import data
from chinwag.load.peer import Login
from course import Course
from data import Person
from rounds import CHINWAG, FLOOR, Side

PEOPLE = 200
GROUP = 100


@contextmanager
def opened(course: Course) -> Iterator[list[Side]]:
    """Both servers, the floor first, until the block ends."""
    folder = course.folder / "chat"
    people, group = asyncio.run(_people(folder))
    with course.chinwag(folder) as chinwag, course.floor("floor") as floor:
        yield [
            Side(FLOOR, floor, tuple(Login(str(each), str(each)) for each in range(PEOPLE)), "all"),
            Side(CHINWAG, chinwag, data.logins(folder, people), group),
        ]


async def _people(folder: Path) -> tuple[list[Person], str]:
    people = await data.make_people(folder, PEOPLE)
    async with data.opened(folder) as book:
        return people, (await book.group(people[:GROUP])).id
