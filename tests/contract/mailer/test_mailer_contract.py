"""What every mailer promises, whichever way messages leave."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from control_plane.notifications.adapters.files import FileMailer
from control_plane.notifications.adapters.memory import MemoryMailer
from control_plane.notifications.adapters.message import as_message
from control_plane.notifications.adapters.smtp import SmtpMailer
from control_plane.notifications.domain import Mail
from control_plane.notifications.errors import MailRefused
from control_plane.notifications.ports import Mailer
from tests.contract.mailer.smtp_peer import smtp_peer

SENDER = "billing@tallyard.test"


@dataclass
class Subject:
    """A mailer, and a way to look into the mailbox it fills."""

    mailer: Mailer
    mailbox: Callable[[], list[EmailMessage]]


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def once(messages: list[EmailMessage]) -> list[EmailMessage]:
    """Show messages as a mailbox does: those of one id are one message."""
    return list({message["Message-ID"]: message for message in messages}.values())


@pytest.fixture(params=["memory", "files", "smtp"])
def subject(request, tmp_path: Path, clock) -> Iterator[Subject]:
    if request.param == "memory":
        memory = MemoryMailer()
        yield Subject(
            memory,
            lambda: [
                parsed(as_message(m, sender=SENDER, at=clock.now()).as_bytes()) for m in memory.sent
            ],
        )
    elif request.param == "files":
        folder = tmp_path / "var" / "mail"
        yield Subject(
            FileMailer(folder, SENDER, clock),
            lambda: [parsed(p.read_bytes()) for p in sorted(folder.glob("*.eml"))],
        )
    else:
        with smtp_peer() as peer:
            yield Subject(
                SmtpMailer("127.0.0.1", peer.port, SENDER, clock),
                lambda: once([parsed(content) for _, content in peer.taken]),
            )


def mail(**changes: str) -> Mail:
    values = {
        "message_id": "msg_1",
        "to": "li.lei@example.com",
        "subject": "邀请您加入 Bella Pizza",
        "body": "您好\n\n.这一行以句点开头\n再见\n",
        "language": "zh_CN",
    }
    return Mail(**{**values, **changes})


async def test_a_message_arrives_as_it_was_written(subject):
    await subject.mailer.send(mail())

    (message,) = subject.mailbox()
    assert message["To"] == "li.lei@example.com"
    assert message["From"] == SENDER
    assert message["Subject"] == "邀请您加入 Bella Pizza"
    assert message["Content-Language"] == "zh-CN"
    assert message["Message-ID"] == "<msg_1@tallyard.test>"
    assert message["Date"].datetime.isoformat() == "2026-01-10T02:00:00+00:00"
    assert message.get_content().replace("\r\n", "\n") == mail().body


async def test_the_same_message_sent_again_is_one_message(subject):
    await subject.mailer.send(mail())
    await subject.mailer.send(mail())

    assert len(subject.mailbox()) == 1


async def test_two_messages_are_two(subject):
    await subject.mailer.send(mail())
    await subject.mailer.send(mail(message_id="msg_2"))

    assert len(subject.mailbox()) == 2


async def test_a_subject_smuggles_no_header_in(subject):
    await subject.mailer.send(mail(subject="Hello\r\nBcc: everybody@example.com"))

    (message,) = subject.mailbox()
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: everybody@example.com"


async def test_a_refused_mailbox_is_a_refusal(clock):
    with smtp_peer() as peer:
        peer.refuse = True
        with pytest.raises(MailRefused):
            await SmtpMailer("127.0.0.1", peer.port, SENDER, clock).send(mail())

    assert peer.taken == []


async def test_a_server_that_is_down_is_a_refusal(clock):
    with smtp_peer() as peer:
        port = peer.port

    with pytest.raises(MailRefused):
        await SmtpMailer("127.0.0.1", port, SENDER, clock).send(mail())


async def test_a_folder_that_cannot_be_made_is_a_refusal(tmp_path, clock):
    (tmp_path / "mail").write_text("in the way")

    with pytest.raises(MailRefused):
        await FileMailer(tmp_path / "mail", SENDER, clock).send(mail())


async def test_files_are_private_and_never_half_written(tmp_path, clock):
    folder = tmp_path / "mail"
    await FileMailer(folder, SENDER, clock).send(mail())

    (written,) = folder.iterdir()
    assert written.suffix == ".eml"
    assert written.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
