import asyncio
import threading

from serving.announcements import Announcements


def test_a_listener_is_told_from_another_thread_and_only_of_its_own_key() -> None:
    announcements = Announcements()

    async def listen() -> tuple[bool, bool]:
        with announcements.listening("1.2") as own, announcements.listening("1.3") as other:
            threading.Thread(target=announcements.announce, args=("1.2",)).start()
            async with asyncio.timeout(5):
                await own.wait()
            return own.is_set(), other.is_set()

    assert asyncio.run(listen()) == (True, False)


def test_nobody_listening_is_no_error_and_a_left_listener_is_forgotten() -> None:
    announcements = Announcements()

    async def listen_and_leave() -> None:
        with announcements.listening("1.2"):
            pass

    asyncio.run(listen_and_leave())
    assert announcements._listeners == {}
    announcements.announce("1.2")
    announcements.announce("1.3")
