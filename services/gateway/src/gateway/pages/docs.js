// Starts the viewer on our own description; nothing is loaded from anywhere else.
window.addEventListener("load", function () {
  window.SwaggerUIBundle({
    url: document.getElementById("docs").dataset.description,
    dom_id: "#docs",
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    filter: true,
    validatorUrl: null,
    persistAuthorization: false,
    presets: [window.SwaggerUIBundle.presets.apis],
  });
});
