/** Sentences in the person's language, with counts in its plural forms; and times, numbers and lists as it writes them. */
import { ENGLISH, type Key, type Sentence } from "./english.js";

export type Values = Readonly<Record<string, string | number>>;

/** A language of the interface. `rewrite` makes test languages out of the English sentences. */
interface Language {
  readonly locale: string;
  readonly dir: "ltr" | "rtl";
  readonly rewrite: (sentence: string) => string;
}

const ACCENTS: Readonly<Record<string, string>> = {
  a: "á",
  e: "ë",
  i: "ï",
  o: "ö",
  u: "ü",
  A: "Å",
  E: "É",
  I: "Î",
  O: "Ø",
  U: "Û",
};

/** Real ones and two made up for tests: long and accented, and from right to left. */
const LANGUAGES: Readonly<Record<string, Language>> = {
  en: { locale: "en-GB", dir: "ltr", rewrite: (sentence) => sentence },
  "en-XA": { locale: "en-GB", dir: "ltr", rewrite: (sentence) => `[${outside(sentence, lengthened)}]` },
  "ar-XB": { locale: "ar-EG-u-nu-latn", dir: "rtl", rewrite: (sentence) => `‫${sentence}‬` },
};

let language: Language = LANGUAGES["en"] as Language;
let plural = new Intl.PluralRules(language.locale);

/** Use a language; unknown ones are English. Sets the page's own language and direction. */
export function speak(name: string): void {
  language = LANGUAGES[name] ?? (LANGUAGES["en"] as Language);
  plural = new Intl.PluralRules(language.locale);
  if (typeof document !== "undefined") {
    document.documentElement.lang = language.locale;
    document.documentElement.dir = language.dir;
  }
}

/** The locale for dates and numbers. */
export function locale(): string {
  return language.locale;
}

/** A sentence; `n` among its values chooses the plural form, and is written as the language writes numbers. */
export function words(key: Key, values: Values = {}): string {
  return spoken(ENGLISH[key], values);
}

/** A sentence of another catalogue, as `words` does it. */
export function spoken(sentence: Sentence, values: Values = {}): string {
  const n = typeof values["n"] === "number" ? values["n"] : null;
  const forms: Readonly<Record<string, string | undefined>> | null =
    typeof sentence === "string" ? null : { ...sentence };
  const chosen =
    typeof sentence === "string" ? sentence : (forms?.[n === null ? "other" : plural.select(n)] ?? sentence.other);
  return language.rewrite(chosen).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? value.toLocaleString(language.locale) : value;
  });
}

/** Sentences of refusals by their keys: those that came later besides. */
const refusals: Record<string, Sentence> = { ...ENGLISH };

/** Have these from now on. */
export function learn(catalogue: Readonly<Record<string, Sentence>>): void {
  Object.assign(refusals, catalogue);
}

/** A refusal by its code, of which a server may have more than there are sentences. */
export function refused(code: string, values: Values): string {
  return spoken(refusals[`error.${code}`] ?? ENGLISH["error.other"], values);
}

/** "Ben, Cleo and Devika". */
export function listed(names: readonly string[]): string {
  return new Intl.ListFormat(language.locale, { style: "long", type: "conjunction" }).format(names);
}

function lengthened(text: string): string {
  return text.replace(/[aeiouAEIOU]/g, (letter) => (ACCENTS[letter] ?? letter).repeat(2));
}

/** Rewrites what lies outside of placeholders. */
function outside(sentence: string, rewrite: (text: string) => string): string {
  return sentence
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith("{") ? part : rewrite(part)))
    .join("");
}
