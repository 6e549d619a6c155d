"""What every device has in common: it can break, and that is no verdict on the piece."""


class DeviceError(Exception):
    """A device that did not do what was asked; the message names the device, the request and the answer."""
