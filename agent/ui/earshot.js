// Runs before the page starts: light or dark follows the system until the person chooses.
if (!localStorage.getItem("vite-ui-theme")) {
  localStorage.setItem("vite-ui-theme", "system");
}

// A sound that a text names is a link to it, at its second: a click plays it here, another one stops it.
const SOUND = 'a[href^="/library/audio/"]';
const player = document.createElement("audio");
let playing = null;

function mark(link) {
  playing?.removeAttribute("data-playing");
  playing = link;
  playing?.setAttribute("data-playing", "");
}

player.addEventListener("pause", () => mark(null));
player.addEventListener("ended", () => mark(null));
player.addEventListener("error", () => playing?.setAttribute("title", "This sound cannot be played; its file may have moved."));
player.addEventListener("play", () =>
  document.querySelectorAll("audio").forEach((other) => other !== player && other.pause()),
);
document.addEventListener(
  "click",
  (event) => {
    const link = event.target instanceof Element ? event.target.closest(SOUND) : null;
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    const again = link === playing;
    player.pause();
    if (again) return;
    if (!player.isConnected) document.body.append(player);
    player.src = link.getAttribute("href");
    player.play().then(() => mark(link)).catch(() => mark(null));
  },
  true,
);

// The page's own buttons are pictures; who cannot see them is told what they do.
const NAMES = {
  "#sidebar-trigger-button": "Show or hide the chats",
  "#search-chats-button": "Search the chats",
  "#new-chat-button": "New chat",
  "#message-composer button:not([id])": "Record a sound",
  "#upload-button": "Attach sounds",
  "#chat-settings-open-modal": "Settings",
  "#chat-submit": "Send",
  "#stop-button": "Stop",
};
let naming = false;
new MutationObserver(() => {
  if (naming) return;
  naming = true;
  requestAnimationFrame(() => {
    naming = false;
    for (const [button, name] of Object.entries(NAMES))
      document.querySelectorAll(button).forEach((each) => each.ariaLabel ?? each.setAttribute("aria-label", name));
  });
}).observe(document.documentElement, { childList: true, subtree: true });

// Another library was chosen: the program goes, and comes back with it; so does the page.
const TRIES = 150;
const started = () =>
  fetch("/health", { cache: "no-store" })
    .then((answer) => answer.json())
    .then((said) => said.started)
    .catch(() => null); // it is gone, and not back yet
window.addEventListener("message", async (event) => {
  if (event.source !== window || event.data !== "earshot:starts-anew") return;
  const before = await started();
  for (let tries = 0; tries < TRIES; tries++) {
    await new Promise((next) => setTimeout(next, 400));
    const now = await started();
    if (now && now !== before) return location.replace("/");
  }
});
