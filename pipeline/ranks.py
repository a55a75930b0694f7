"""What each process of a shared training finds in its environment, as `torchrun` would put it there."""

import socket


def environments(processes: int) -> list[dict[str, str]]:
    """Return the variables of each process on this machine; alone, a process needs none."""
    if processes == 1:
        return [{}]
    with socket.socket() as free:  # closed again: the first process listens there
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(processes)}
    return [common | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(processes)]
