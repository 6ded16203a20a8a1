"""`python -m tests.simulation SEED [THEME]`: the same run again, every step of it on standard output."""

import sys

from tests.simulation.world import World


def main() -> None:
    world = World(int(sys.argv[1]), told=print, theme=sys.argv[2] if len(sys.argv) > 2 else None)
    print(world.options)
    world.run()
    print(f"right after {world.trace.steps} steps, {world.loop.time():.0f} virtual seconds; {world.faults.struck}; {world.trace.hash}")


if __name__ == "__main__":
    main()
