// The switch between the languages: one button each, with its code to be seen and its name to be heard.
// The document says which language it is in, so that screen readers speak it and the browser breaks its lines well.

export default function ({ parentElement, data, setTriggerValue }) {
  document.documentElement.lang = data.chosen;
  const group = parentElement.querySelector(".languages");
  group.setAttribute("aria-label", data.label);
  for (const [code, name] of data.languages) {
    let button = group.querySelector(`[lang="${code}"]`);
    if (!button) {
      button = Object.assign(document.createElement("button"), { type: "button", lang: code, title: name });
      button.textContent = code.toUpperCase();
      button.setAttribute("aria-label", `${button.textContent} ${name}`); // the name begins with what is to be seen
      group.append(button);
    }
    button.setAttribute("aria-pressed", String(code === data.chosen));
    button.onclick = () => setTriggerValue("chosen", code);
  }
}
