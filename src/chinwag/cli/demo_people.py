"""Sample people, and what they say to one another, in many scripts."""

from typing import Final

import msgspec

GUEST: Final = "sam"
"""Whoever tries the demonstration out."""


class Person(msgspec.Struct, frozen=True):
    """A sample person. answer: what it says when the guest writes."""

    name: str
    display_name: str
    about: str
    answer: str


class Group(msgspec.Struct, frozen=True):
    """A conversation: who says what, in order. The part before `live` is its history; the rest goes on being said."""

    title: str
    lines: tuple[tuple[str, str], ...]
    live: int


PEOPLE: Final = (
    Person(GUEST, "Sam Guest", "This is you.", ""),
    Person("ada", "Ada Lovegood", "Maps, trains, and long walks", "Good point, {you}! What would you do?"),
    Person("emi", "山田えみ", "写真と山歩きが好きです", "なるほど、{you}さん。もう少し聞かせてください。"),
    Person("karim", "كريم حداد", "قهوة وكتب وجبال", "فكرة جميلة يا {you}، ما رأي الآخرين؟"),
    Person("jürgen", "Jürgen Groß", "Backt Brot und repariert Räder", "Stimmt, {you}. Daran hatte ich nicht gedacht!"),
    Person("ελένη", "Ελένη Παπά", "Θάλασσα, μουσική, μαγειρική", "Ωραία ιδέα, {you}! Πες μας κι άλλα."),
    Person("priya", "प्रिया शर्मा", "किताबें, चाय और पहेलियाँ", "अच्छा विचार है, {you}। और बताइए!"),
    Person("миша", "Михаил Орлов", "Шахматы и велосипеды", "Интересно, {you}! А почему так?"),
    Person("noa", "נועה לוי", "צילום, טיולים ומוזיקה", "רעיון טוב, {you}. מתי יוצאים?"),
)

GROUPS: Final = (
    Group(
        "Sunday hike ⛰️",
        (
            ("ada", "Sunday looks dry. Shall we take the ridge path?"),
            ("jürgen", "Gern! Ich bringe frisches Brot und Käse mit. 🥖🧀"),
            ("emi", "行きます！朝の光がきれいなので、早めに出発しませんか？"),
            ("karim", "أنا معكم. سأحضر القهوة، ومعي خريطة المسار."),
            ("ada", "8:10 train from platform 3 then. It reaches the valley at 9:25."),
            ("noa", "מצוין! אביא מצלמה וכובעים לכולם. 🧢"),
            ("миша", "Я поеду на велосипеде и встречу вас наверху."),
            ("jürgen", "Mit dem Rad auf den Grat? Respekt! 🚲"),
            ("emi", "天気予報を見ました。午後から風が強くなるそうです。"),
            ("ada", "Then we turn back at noon. Summit by eleven?"),
            ("karim", "ممتاز. لنتفق على نقطة اللقاء عند الجسر القديم."),
            ("priya", "मैं भी आ रही हूँ! क्या रास्ते में पानी मिलेगा?"),
            ("ada", "There is a spring at the hut, yes. Bring a bottle."),
            ("ελένη", "Θα φέρω σπανακόπιτα για όλους. Φτάνει για δέκα! 🥧"),
            ("noa", "אני כבר רעבה 😄"),
            ("миша", "Тогда я точно успею к обеду."),
        ),
        live=9,
    ),
    Group(
        "World kitchen 🍲 世界の台所",
        (
            ("ελένη", "Σήμερα φτιάχνω φασολάδα. Ποιος έχει καλή συνταγή;"),
            ("priya", "मेरी दादी की दाल: हल्दी, जीरा, और अंत में नींबू।"),
            ("emi", "だしを取るとき、昆布は沸騰する前に出します。"),
            ("jürgen", "Und wie lange zieht das? Ich habe nur getrocknete Pilze."),
            ("emi", "干し椎茸なら、水で一晩です。ゆっくりが一番。"),
            ("karim", "عندنا نضيف الكمون والليمون، وكثيراً من زيت الزيتون."),
            ("ελένη", "Το λάδι ποτέ δεν είναι αρκετό! 😄"),
            ("ada", "I burnt the rice again. Is there a trick?"),
            ("priya", "ढक्कन मत खोलो! आँच धीमी, बारह मिनट, बस।"),
            ("noa", "ואז עוד עשר דקות בלי אש. סבלנות!"),
            ("ada", "Twelve minutes and patience. Writing it on the wall."),
            ("миша", "А у нас сегодня борщ. Сметана обязательна!"),
            ("jürgen", "Sauerteig ist fertig: 78 % Wasser, 18 Stunden kalt geführt."),
            ("karim", "أرسل الصورة يا يورغن، الرائحة وصلت إلى هنا!"),
        ),
        live=9,
    ),
)

DIRECT: Final = (
    ("ada", "Hello Sam! Welcome. This is a direct conversation: only the two of us read it."),
    ("ada", "Write something here or in one of the groups, and somebody will answer."),
    ("emi", "こんにちは、Samさん！日曜日の山歩き、一緒にどうですか？"),
    ("karim", "أهلاً وسهلاً! إذا احتجت إلى شيء فاكتب لي."),
)
"""What the guest finds: who wrote, and what."""
