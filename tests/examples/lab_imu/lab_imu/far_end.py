"""The other end of the wire, for tests: what the sensor sends. It shares nothing with the codec but the description."""


def line(count: int, accel_mm_s2: tuple[int, int, int], gyro_mrad_s: tuple[int, int, int]) -> bytes:
    """One line as the sensor sends it."""
    body = ",".join(str(value) for value in (count % 65536, *accel_mm_s2, *gyro_mrad_s))
    total = 0
    for sign in body:
        total ^= ord(sign)
    return f"#{body}*{total:02X}\r\n".encode()
