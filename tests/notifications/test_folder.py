"""Mail into a folder, for where no server may be reached."""

import pytest

from notifications.channels.folder import FolderChannel, MailUnknown, mails, read_mail
from notifications.deliver import deliver_due

SENDER = "Holdfast <quality@holdfast.example>"


@pytest.fixture
def channel(tmp_path):
    return FolderChannel(sender=SENDER, folder=tmp_path / "mail")


def test_a_mail_lies_in_the_folder_and_can_be_listed_and_read(database, say, kept, channel, at):
    say(language="zh")
    deliver_due(database, {"mail": channel}, keep=kept.keep, at=at)
    (mail,) = mails(channel.folder)
    assert (mail.receiver, mail.sent_at) == ("mei.chen@holdfast.example", at)
    assert mail.subject == "NC-2026-0007：提出处置建议 待您处理"
    assert read_mail(channel.folder, mail.name)["Subject"] == mail.subject
    assert (channel.folder / mail.name).read_bytes() in kept.values()


def test_a_repeat_replaces_itself(channel, database, say, kept, at):
    say()
    deliver_due(database, {"mail": channel}, keep=kept.keep, at=at)
    (data,) = kept.values()
    channel.deliver(data, receiver="mei.chen@holdfast.example")
    assert len(mails(channel.folder)) == 1
    assert len(list(channel.folder.iterdir())) == 1, "no unfinished file is left"


@pytest.mark.parametrize("name", ["../secret.eml", "nothing.eml", "a" * 40 + ".eml", ""])
def test_only_mails_of_the_folder_can_be_read(channel, name):
    with pytest.raises(MailUnknown):
        read_mail(channel.folder, name)


def test_an_empty_house_has_no_mails(channel):
    assert list(mails(channel.folder)) == []
