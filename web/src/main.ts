/** The page begins here. */
import "./styles/tokens.css";
import "./styles/reset.css";
import { mount } from "svelte";
import App from "./App.svelte";

const place = document.getElementById("app");
if (place === null) throw new Error("the page has no place for the app");
mount(App, { target: place });
