// Gives names to what Swagger UI leaves without one, for those who hear the page.
const names = {
  ".close-modal": "Close",
  ".modal-btn[type=submit]": "Authorize",
  ".copy-to-clipboard button": "Copy",
  "textarea.body-param__text": "Request body",
  ".examples-select-element": "Example",
  "select.content-type": "Media type",
};

function name() {
  for (const [selector, text] of Object.entries(names)) {
    for (const element of document.querySelectorAll(selector)) {
      if (element.getAttribute("aria-label") !== text) element.setAttribute("aria-label", text);
    }
  }
  // What scrolls is reached by keyboard.
  for (const element of document.querySelectorAll("pre.microlight:not([tabindex])")) element.tabIndex = 0;
}

new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
name();
