/** A small picker's emoji with the words by which people look for them. Loaded only when the picker opens. */
const LIST = `
😀 grin smile happy|😁 beam smile teeth|😂 laugh tears joy|🤣 rofl laugh floor|😊 smile blush|🙂 smile slight|😉 wink|😍 heart eyes love|😘 kiss|🥰 love hearts
😎 cool sunglasses|🤔 think|🤨 doubt eyebrow|😐 neutral|😴 sleep tired|😅 sweat relief|😬 grimace awkward|🙄 roll eyes|😢 cry sad tear|😭 sob cry
😡 angry|😱 scream fear|🤯 mind blown|🥳 party celebrate|🤗 hug|🤫 hush quiet|🤝 handshake deal|🙏 thanks please pray|👍 thumbs up yes ok good|👎 thumbs down no
👏 clap bravo|🙌 hooray hands|💪 strong muscle|👋 wave hello bye|✌️ peace|🤞 fingers crossed luck|👌 ok perfect|👀 eyes look|🧠 brain|🫶 heart hands
❤️ heart love red|🧡 heart orange|💛 heart yellow|💚 heart green|💙 heart blue|💜 heart purple|🖤 heart black|💔 broken heart|✨ sparkles|⭐ star
🔥 fire hot|🎉 party tada|🎂 cake birthday|🎁 gift present|🏆 trophy win|🥇 first gold|💯 hundred perfect|✅ check done yes|❌ cross no|❓ question
❗ exclamation|⚠️ warning|💡 idea light|📌 pin|📎 paperclip|📅 calendar date|⏰ alarm clock time|🕒 clock time|📍 place map|🔗 link
🐶 dog|🐱 cat|🦊 fox|🐻 bear|🐼 panda|🐸 frog|🐝 bee|🦋 butterfly|🐢 turtle|🐙 octopus
🌳 tree|🌸 blossom flower|🌻 sunflower|🌈 rainbow|☀️ sun|🌤️ sun cloud weather|🌧️ rain|❄️ snow|⚡ lightning|🌊 wave sea
🍎 apple|🍌 banana|🍓 strawberry|🥑 avocado|🍕 pizza|🍔 burger|🍟 fries|🌮 taco|🍣 sushi|🍰 cake
🍪 cookie|🍫 chocolate|☕ coffee|🍵 tea|🍺 beer|🍷 wine|🥂 cheers toast|🍻 beers cheers|🍽️ eat dinner|🧀 cheese
⚽ football soccer|🏀 basketball|🎾 tennis|🏃 run|🚴 bike cycle|🏊 swim|🧘 yoga calm|🎸 guitar music|🎵 music note|🎬 film movie
🎮 game|📚 books read|✏️ pencil write|💻 computer laptop|📱 phone|🖨️ print|🔒 lock|🔑 key|🛠️ tools fix|🚀 rocket launch
🚗 car|🚌 bus|🚆 train|✈️ plane flight|🚲 bicycle|🏠 home house|🏢 office|🏖️ beach holiday|🏔️ mountain|⛺ tent camp
💰 money|💸 money pay|🛒 shop cart|📦 parcel box|✉️ letter mail|🗑️ bin trash|🧹 clean broom|🛏️ bed|🚿 shower|🪴 plant
👶 baby|👧 girl|👦 boy|👩 woman|👨 man|👵 grandmother|👴 grandfather|👪 family|🧑‍💻 developer|🧑‍🍳 cook
🤖 robot|👻 ghost|💩 poo|🎃 pumpkin|🎄 christmas tree|🐣 easter chick|🕯️ candle|🌙 moon night|🌍 earth world|🫡 salute`;

export interface Emoji {
  readonly sign: string;
  readonly words: string;
}

export const EMOJI: readonly Emoji[] = LIST.trim()
  .split(/[|\n]/)
  .map((entry) => {
    const space = entry.indexOf(" ");
    return { sign: entry.slice(0, space), words: entry.slice(space + 1) };
  });

/** Those of whose words one begins as each word that is looked for. */
export function findEmoji(query: string): readonly Emoji[] {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return EMOJI;
  return EMOJI.filter((one) => wanted.every((word) => one.words.split(" ").some((known) => known.startsWith(word))));
}
