"""Makes a user an admin: `python -m shop.promote ada@example.com` (in a task of the API, by ECS Exec)."""

import asyncio
import sys

from sqlalchemy import update

from shop.database import Database
from shop.models import User
from shop.settings import Settings, load


async def promote(database: Database, email: str) -> bool:
    async with database.transaction() as session:
        query = update(User).where(User.email == email.lower()).values(is_admin=True).returning(User.id)
        return await session.scalar(query) is not None


async def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m shop.promote EMAIL", file=sys.stderr)
        return 2
    database = Database(load(Settings), "promote")
    found = await promote(database, arguments[0])
    await database.close()
    if not found:
        print(f"no user {arguments[0]}", file=sys.stderr)
        return 1
    print(f"{arguments[0]} is an admin from the next sign-in on")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
