/* base/text/compose.c - letters and marks that are put together before texts are compared. The
 * table is that of Unicode's canonical compositions of two characters (UnicodeData.txt, 15.0). */
#include "base/text/compose.h"

#include <stdint.h>
#include <string.h>
#include <uchar.h>

/* A mark, and pairs of a letter and what both make. */
typedef struct mark {
    uint32_t mark;
    const char16_t *pairs;
} mark;

/* clang-format off */
static const mark marks[] = {
    {0x0300,
     u"AÀEÈIÌNǸOÒUÙWẀYỲaàeèiìnǹoòuùwẁyỳ¨῭ÂẦÊỀÔỒÜǛâầêềôồüǜĂẰăằĒḔēḕŌṐ"
     u"ōṑƠỜơờƯỪưừΑᾺΕῈΗῊΙῚΟῸΥῪΩῺαὰεὲηὴιὶοὸυὺωὼϊῒϋῢЕЀИЍеѐиѝἀἂἁἃἈἊἉἋἐἒ"
     u"ἑἓἘἚἙἛἠἢἡἣἨἪἩἫἰἲἱἳἸἺἹἻὀὂὁὃὈὊὉὋὐὒὑὓὙὛὠὢὡὣὨὪὩὫ᾿῍῾῝"},
    {0x0301,
     u"AÁCĆEÉGǴIÍKḰLĹMḾNŃOÓPṔRŔSŚUÚWẂYÝZŹaácćeégǵiíkḱlĺmḿnńoópṕrŕsś"
     u"uúwẃyýzź¨΅ÂẤÅǺÆǼÇḈÊẾÏḮÔỐÕṌØǾÜǗâấåǻæǽçḉêếïḯôốõṍøǿüǘĂẮăắĒḖēḗŌṒ"
     u"ōṓŨṸũṹƠỚơớƯỨưứΑΆΕΈΗΉΙΊΟΌΥΎΩΏαάεέηήιίοόυύωώϊΐϋΰϒϓГЃКЌгѓкќἀἄἁἅ"
     u"ἈἌἉἍἐἔἑἕἘἜἙἝἠἤἡἥἨἬἩἭἰἴἱἵἸἼἹἽὀὄὁὅὈὌὉὍὐὔὑὕὙὝὠὤὡὥὨὬὩὭ᾿῎῾῞"},
    {0x0302,
     u"AÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶZẐaâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷzẑẠẬạậẸỆẹệ"
     u"ỌỘọộ"},
    {0x0303,
     u"AÃEẼIĨNÑOÕUŨVṼYỸaãeẽiĩnñoõuũvṽyỹÂẪÊỄÔỖâẫêễôỗĂẴăẵƠỠơỡƯỮưữ"},
    {0x0304,
     u"AĀEĒGḠIĪOŌUŪYȲaāeēgḡiīoōuūyȳÄǞÆǢÕȬÖȪÜǕäǟæǣõȭöȫüǖǪǬǫǭȦǠȧǡȮȰȯȱ"
     u"ΑᾹΙῙΥῩαᾱιῑυῡИӢУӮиӣуӯḶḸḷḹṚṜṛṝ"},
    {0x0306,
     u"AĂEĔGĞIĬOŎUŬaăeĕgğiĭoŏuŭȨḜȩḝΑᾸΙῘΥῨαᾰιῐυῠАӐЕӖЖӁИЙУЎаӑеӗжӂийуў"
     u"ẠẶạặ"},
    {0x0307,
     u"AȦBḂCĊDḊEĖFḞGĠHḢIİMṀNṄOȮPṖRṘSṠTṪWẆXẊYẎZŻaȧbḃcċdḋeėfḟgġhḣmṁnṅ"
     u"oȯpṗrṙsṡtṫwẇxẋyẏzżŚṤśṥŠṦšṧſẛṢṨṣṩ"},
    {0x0308,
     u"AÄEËHḦIÏOÖUÜWẄXẌYŸaäeëhḧiïoötẗuüwẅxẍyÿÕṎõṏŪṺūṻΙΪΥΫιϊυϋϒϔІЇАӒ"
     u"ЕЁЖӜЗӞИӤОӦУӰЧӴЫӸЭӬаӓеёжӝзӟиӥоӧуӱчӵыӹэӭіїӘӚәӛӨӪөӫ"},
    {0x0309,
     u"AẢEẺIỈOỎUỦYỶaảeẻiỉoỏuủyỷÂẨÊỂÔỔâẩêểôổĂẲăẳƠỞơởƯỬưử"},
    {0x030a,
     u"AÅUŮaåuůwẘyẙ"},
    {0x030b,
     u"OŐUŰoőuűУӲуӳ"},
    {0x030c,
     u"AǍCČDĎEĚGǦHȞIǏKǨLĽNŇOǑRŘSŠTŤUǓZŽaǎcčdďeěgǧhȟiǐjǰkǩlľnňoǒrřsš"
     u"tťuǔzžÜǙüǚƷǮʒǯ"},
    {0x030f,
     u"AȀEȄIȈOȌRȐUȔaȁeȅiȉoȍrȑuȕѴѶѵѷ"},
    {0x0311,
     u"AȂEȆIȊOȎRȒUȖaȃeȇiȋoȏrȓuȗ"},
    {0x0313,
     u"ΑἈΕἘΗἨΙἸΟὈΩὨαἀεἐηἠιἰοὀρῤυὐωὠ"},
    {0x0314,
     u"ΑἉΕἙΗἩΙἹΟὉΡῬΥὙΩὩαἁεἑηἡιἱοὁρῥυὑωὡ"},
    {0x031b,
     u"OƠUƯoơuư"},
    {0x0323,
     u"AẠBḄDḌEẸHḤIỊKḲLḶMṂNṆOỌRṚSṢTṬUỤVṾWẈYỴZẒaạbḅdḍeẹhḥiịkḳlḷmṃnṇoọ"
     u"rṛsṣtṭuụvṿwẉyỵzẓƠỢơợƯỰưự"},
    {0x0324,
     u"UṲuṳ"},
    {0x0325,
     u"AḀaḁ"},
    {0x0326,
     u"SȘTȚsștț"},
    {0x0327,
     u"CÇDḐEȨGĢHḨKĶLĻNŅRŖSŞTŢcçdḑeȩgģhḩkķlļnņrŗsştţ"},
    {0x0328,
     u"AĄEĘIĮOǪUŲaąeęiįoǫuų"},
    {0x032d,
     u"DḒEḘLḼNṊTṰUṶdḓeḙlḽnṋtṱuṷ"},
    {0x032e,
     u"HḪhḫ"},
    {0x0330,
     u"EḚIḬUṴeḛiḭuṵ"},
    {0x0331,
     u"BḆDḎKḴLḺNṈRṞTṮZẔbḇdḏhẖkḵlḻnṉrṟtṯzẕ"},
    {0x0342,
     u"¨῁αᾶηῆιῖυῦωῶϊῗϋῧἀἆἁἇἈἎἉἏἠἦἡἧἨἮἩἯἰἶἱἷἸἾἹἿὐὖὑὗὙὟὠὦὡὧὨὮὩὯ᾿῏῾῟"},
    {0x0345,
     u"ΑᾼΗῌΩῼάᾴήῄαᾳηῃωῳώῴἀᾀἁᾁἂᾂἃᾃἄᾄἅᾅἆᾆἇᾇἈᾈἉᾉἊᾊἋᾋἌᾌἍᾍἎᾎἏᾏἠᾐἡᾑἢᾒἣᾓἤᾔ"
     u"ἥᾕἦᾖἧᾗἨᾘἩᾙἪᾚἫᾛἬᾜἭᾝἮᾞἯᾟὠᾠὡᾡὢᾢὣᾣὤᾤὥᾥὦᾦὧᾧὨᾨὩᾩὪᾪὫᾫὬᾬὭᾭὮᾮὯᾯὰᾲὴῂὼῲ"
     u"ᾶᾷῆῇῶῷ"},
};
/* clang-format on */

enum { NO_TEXT = 0x110000 }; /* a byte that is no UTF-8, added to it */

static uint32_t compose(uint32_t letter, uint32_t with) {
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (marks[i].mark != with) continue;
        for (const char16_t *p = marks[i].pairs; *p; p += 2)
            if (p[0] == letter) return p[1];
    }
    return 0;
}

/* How many bytes a character has that begins with this one; 0: none begins so. */
static size_t length_of(uint8_t first) {
    return first < 0x80   ? 1
           : first < 0xc2 ? 0
           : first < 0xe0 ? 2
           : first < 0xf0 ? 3
           : first < 0xf5 ? 4
                          : 0;
}

/* The character at *p, which moves behind it. */
static uint32_t decode(const uint8_t **p, const uint8_t *end) {
    const uint8_t *at = *p;
    const size_t n = length_of(*at);
    uint32_t c = n < 2 ? *at : *at & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (at + i >= end || (at[i] & 0xc0) != 0x80) return NO_TEXT + *(*p)++;
        c = c << 6 | (at[i] & 0x3fu);
    }
    *p += n ? n : 1;
    return n ? c : NO_TEXT + c;
}

/* The same with all marks that follow it. */
static uint32_t next(const uint8_t **p, const uint8_t *end) {
    uint32_t c = decode(p, end);
    while (*p < end && **p >= 0xcc && **p <= 0xcd) { /* U+0300 .. U+037F */
        const uint8_t *after = *p;
        const uint32_t both = compose(c, decode(&after, end));
        if (!both) break;
        c = both;
        *p = after;
    }
    return c;
}

int nas_text_compare(const char *x, size_t n, const char *y, size_t m) {
    const uint8_t *p = (const uint8_t *)x, *q = (const uint8_t *)y;
    const uint8_t *end = p + n, *stop = q + m;
    while (p < end && q < stop) {
        const uint32_t a = next(&p, end), b = next(&q, stop);
        if (a != b) return a < b ? -1 : 1;
    }
    return (p < end) - (q < stop);
}

bool nas_texts_alike(const char *x, const char *y) {
    return nas_text_compare(x, strlen(x), y, strlen(y)) == 0;
}
