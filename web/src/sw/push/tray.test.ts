import { expect, it } from "vitest";
import { insists } from "./tray.js";

const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
const KIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)";

it.each([
  [`${MAC} ${KIT} Version/18.1 Safari/605.1.15`, true],
  [`Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) ${KIT} Version/18.1 Mobile/15E148 Safari/604.1`, true],
  [`${MAC} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36`, false],
  ["Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36", false],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", false],
])("knows whether %s insists on something shown", (agent, does) => {
  expect(insists(agent)).toBe(does);
});
