// A line runs over the plots with the video; a click on the plots seeks it.
for (const card of document.querySelectorAll(".video")) {
  const video = card.querySelector("video"), plots = card.querySelector(".plots"), cursor = card.querySelector(".cursor");
  if (!video || !plots) continue;
  const start = +card.dataset.start, duration = +card.dataset.duration;
  const left = +card.dataset.left, right = +card.dataset.right;
  const move = () => {
    const share = Math.min((start + video.currentTime) / duration, 1);
    cursor.style.left = left + share * (right - left) + "%";
    cursor.style.display = "block";
    if (!video.paused) requestAnimationFrame(move);
  };
  video.addEventListener("play", move);
  video.addEventListener("seeked", move);
  plots.addEventListener("click", (event) => {
    const box = plots.getBoundingClientRect();
    const share = (100 * (event.clientX - box.left) / box.width - left) / (right - left);
    video.currentTime = Math.min(Math.max(share * duration - start, 0), video.duration || 0);
  });
}
// A link leads into what is folded, and paper shows all of it.
const unfold = (place) => {
  for (let fold = place && place.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
};
const arrive = () => {
  const place = location.hash && document.getElementById(location.hash.slice(1));
  if (!place) return;
  unfold(place);
  place.scrollIntoView();
};
addEventListener("hashchange", arrive);
addEventListener("beforeprint", () => document.querySelectorAll("details.group").forEach((fold) => { fold.open = true; }));
arrive();
