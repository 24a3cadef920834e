"""A small catalogue for a fresh stack; the same ids each time, so that links to items keep working."""

import uuid

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shop.models import Item

NAMESPACE = uuid.UUID("5b0d5f0e-7a0c-5c44-9d3e-6f1f6b6f7368")

CATALOGUE = [
    ("Beeswax candles", "Four slow-burning candles, eight hours each, faintly of honey.", 1450, 180),
    ("Brass desk lamp", "A jointed arm, a linen shade and a dimmer that remembers.", 12900, 40),
    ("Canvas rucksack", "Waxed cotton, twenty litres, straps that soften with the years.", 8900, 60),
    ("Ceramic pour-over", "A hand-glazed dripper for one cup, with thirty paper filters.", 3400, 120),
    ("Enamel mug", "Holds a third of a litre, outlives most campfires.", 1600, 300),
    ("Field notebook", "Ninety-six dotted pages that lie flat and take fountain-pen ink.", 1200, 500),
    ("Linen apron", "Cross-back, deep pockets, washed once so that it will not shrink.", 5200, 75),
    ("Merino blanket", "Undyed wool from one valley, heavy enough for a winter sofa.", 15900, 25),
    ("Oak cutting board", "End grain, oiled, with a groove that catches the juice.", 6800, 50),
    (
        "Pocket knife",
        "A carbon-steel blade that takes an edge, a walnut handle that fits the hand.",
        7400,
        35,
    ),
    ("Seed box", "Twelve heirloom vegetables and a calendar of when to sow them.", 2900, 150),
    ("Tide clock", "Tells the hours to high water. The last ones its maker built.", 24900, 3),
]


def item_id(name: str) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, name)


async def seed(connection: AsyncConnection) -> None:
    """Fill the catalogue if it is empty."""
    if await connection.scalar(select(func.count()).select_from(Item)):
        return
    rows = [
        {"id": item_id(name), "name": name, "description": text, "price_cents": cents, "stock": stock}
        for name, text, cents, stock in CATALOGUE
    ]
    await connection.execute(insert(Item).values(rows).on_conflict_do_nothing())
