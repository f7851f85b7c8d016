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
