"""Table of what stations delivered: it makes that an inspection which comes twice is recorded once."""

from sqlmodel import Field

from loupebox.station.records.columns import StoredRow, key, link, table_of


class DeliveryRow(StoredRow, table=True):
    """An inspection's name where it was made, and which one it is here."""

    id: int | None = key()
    origin: str = Field(unique=True)
    inspection: int = link("inspection.id")


DELIVERY = table_of(DeliveryRow)
