// Which form a word of an item's name asks for; the last word that is known decides ("mug rug" is a rug).

const WORDS = {
  apron: "apron",
  backpack: "backpack rucksack daypack satchel",
  beanie: "beanie hat cap",
  blanket: "blanket throw towel scarf rug plaid shawl",
  board: "board tray",
  book: "notebook journal book diary logbook planner sketchbook almanac guide",
  boots: "boot shoe sock wellington",
  bowl: "bowl plate dish pan skillet",
  candle: "candle",
  chair: "chair stool bench",
  clock: "clock watch timer barometer",
  coat: "coat jacket raincoat oilskin parka shirt jumper sweater smock vest",
  compass: "compass",
  dripper: "dripper pour filter",
  flask: "flask bottle thermos canteen",
  jar: "jar coffee tea honey jam salt tin marmalade",
  kettle: "kettle teapot pot coffeepot",
  knife: "knife blade multitool",
  lamp: "lamp light",
  lantern: "lantern torch",
  mug: "mug cup tumbler teacup beaker",
  parcel: "parcel",
  pencil: "pencil pen brush",
  plant: "plant fern herb succulent",
  print: "print poster chart map postcard",
  radio: "radio speaker headphone",
  rope: "rope doormat mat cord line twine",
  seeds: "seed bulb",
  soap: "soap shampoo balm",
  tote: "tote bag shopper basket pouch",
  umbrella: "umbrella parasol",
};
const FORM_OF_WORD = new Map(Object.entries(WORDS).flatMap(([form, words]) => words.split(" ").map((word) => [word, form])));

/** The form for an item's name; a parcel for a thing never drawn. */
export function formOf(name) {
  const words = name.toLowerCase().split(/[^a-z]+/);
  const forms = words.map((word) => FORM_OF_WORD.get(word) ?? FORM_OF_WORD.get(word.replace(/s$/, ""))).filter(Boolean);
  return forms.at(-1) ?? "parcel";
}
