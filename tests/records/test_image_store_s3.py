"""The same promise kept in a bucket that several stations share, against a real server on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from hashlib import sha256

import boto3
import pytest
from moto.server import ThreadedMotoServer

from loupebox.station.records.errors import Damaged, NotRecorded, OutOfReach, RecordsError
from loupebox.station.records.image_store import ImageStore

PICTURE = b"a picture"
CHECKSUM = sha256(PICTURE).hexdigest()
NAME = f"line/{CHECKSUM[:2]}/{CHECKSUM[2:4]}/{CHECKSUM}.png"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    made = boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1").Bucket("frames")
    made.create()
    yield made
    made.objects.all().delete()
    made.delete()
    made.meta.client.close()  # else its sockets wait for the garbage collector, and some later test is blamed


def open_store(endpoint: str, where: str = "s3://frames/line") -> ImageStore:
    return ImageStore(where, {"endpoint": endpoint, "region": "us-east-1"})


def test_what_one_station_writes_another_reads(endpoint: str, bucket) -> None:
    one, other = open_store(endpoint), open_store(endpoint)
    one.write(PICTURE, CHECKSUM)
    other.write(PICTURE, CHECKSUM)
    assert [item.key for item in bucket.objects.all()] == [NAME]
    assert other.read(CHECKSUM) == PICTURE
    assert [(i.checksum, i.suffix, i.size_bytes) for i in other.stored()] == [(CHECKSUM, "png", len(PICTURE))]
    assert one.holds(CHECKSUM, "png")
    one.delete(CHECKSUM, "png")
    one.delete(CHECKSUM, "png")
    assert not other.holds(CHECKSUM, "png")
    with pytest.raises(NotRecorded, match=rf"no image {CHECKSUM}\.png is stored in s3://frames/line"):
        other.read(CHECKSUM)


def test_an_object_that_has_changed_is_told_and_can_be_mended(endpoint: str, bucket) -> None:
    store = open_store(endpoint)
    bucket.put_object(Key=NAME, Body=b"a pictur3")
    with pytest.raises(Damaged, match=rf"image s3://frames/{NAME} has changed on disk"):
        store.read(CHECKSUM)
    store.write(PICTURE, CHECKSUM)
    assert store.read(CHECKSUM) == PICTURE


def test_a_bucket_that_is_not_there(endpoint: str, bucket) -> None:
    store = open_store(endpoint, "s3://fraems")
    with pytest.raises(OutOfReach, match="in s3://fraems: there is no such bucket; make it first"):
        store.write(PICTURE, CHECKSUM)
    with pytest.raises(OutOfReach, match="in s3://fraems: there is no such bucket; make it first"):
        store.read(CHECKSUM)


def test_a_server_that_does_not_answer(bucket) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        store = open_store(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(OutOfReach, match=r"cannot store image s3://frames/line/.*: .*error sending request"):
            store.write(PICTURE, CHECKSUM)


@pytest.mark.parametrize("where", ["s3://", "s3:///prefix"])
def test_an_address_without_a_bucket(where: str) -> None:
    with pytest.raises(RecordsError, match=f"cannot use {where} for images: "):
        ImageStore(where, {"region": "us-east-1"})
