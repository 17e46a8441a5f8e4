/** The page begins here. */
import "./styles/tokens.css";
import "./styles/reset.css";
import "./styles/parts.css";
import { mount } from "svelte";
import { get } from "svelte/store";
import App from "./App.svelte";
import { startEngine } from "./lib/engine/start.js";
import { language } from "./lib/ui/choices.js";
import { go } from "./lib/ui/route.js";
import { land } from "./lib/ui/trip.js";
import { speak } from "./lib/words/words.js";

const place = document.getElementById("app");
if (place === null) throw new Error("the page has no place for the app");
const home = land();
if (home !== null) go(home, { replace: true });
speak(get(language));
mount(App, { target: place, props: { engine: startEngine() } });
