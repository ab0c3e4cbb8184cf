# SPDX-License-Identifier: Apache-2.0
"""Times as the API and bodies write them."""

def iso_ms(text):
    """2026-01-22T14:30:00.123Z → milliseconds since 1970."""
    import datetime
    when = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return round(when.timestamp() * 1000)
