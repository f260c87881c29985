"""times.txt: what Python's datetime makes of texts of times. A line: format, text, microseconds
since 1970 (UTC where the zone is written), seconds of the offset; parts are parted by a bar.
python3 tests/golden/make_times.py >tests/golden/times.txt"""
import datetime
import random

utc = datetime.timezone.utc
start = datetime.datetime(1970, 1, 1, tzinfo=utc)
draw = random.Random(5)
formats = [
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%m/%d/%Y %I:%M:%S %p", "%d-%b-%Y %H:%M",
    "%d %B %Y %H:%M", "%Y %j %H:%M", "%d/%m/%y %H:%M", "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z", "%Y%m%d%H%M", "%d.%m.%Y, %I %p", "%Y-%m-%d", "%H:%M:%S %d.%m.%Y",
]
for form in formats:
    for _ in range(12):
        zone = datetime.timezone(datetime.timedelta(minutes=draw.choice([0, 60, 120, -300, 330, -210])))
        t = datetime.datetime(draw.randrange(1970, 2060), draw.randrange(1, 13), draw.randrange(1, 29),
                              draw.randrange(24), draw.randrange(60), draw.randrange(60),
                              draw.randrange(1000000), tzinfo=zone if "%z" in form else utc)
        text = t.strftime(form)
        if "%z" in form and draw.random() < 0.5:
            text = text[:-2] + ":" + text[-2:]
        if draw.random() < 0.2:
            text = " " + text + "  "
        back = datetime.datetime.strptime(text.strip(), form)
        offset = back.utcoffset() if back.tzinfo else datetime.timedelta(0)
        aware = back if back.tzinfo else back.replace(tzinfo=utc)
        micros = (aware - start) // datetime.timedelta(microseconds=1)
        print(form, text, micros, int(offset.total_seconds()), sep="|")
