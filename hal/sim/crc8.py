"""The CRC-8 of Dallas (Maxim) as the far ends reckon it: by long division, apart from the table of `hal.crc`."""


def check(body: bytes) -> int:
    """`body`, each byte's lowest bit first, divided by x^8+x^5+x^4+1; the remainder mirrored. Initial value 0."""
    remainder = 0
    for byte in (*body, 0):
        for place in range(8):
            remainder = remainder << 1 | byte >> place & 1
            if remainder >= 0b1_0000_0000:
                remainder ^= 0b1_0011_0001
    return int(f"{remainder:08b}"[::-1], 2)
