// Starts everything: the cells first, then what listens to them.
import { startLive } from "./live.js";
import { startOrigin } from "./origin.js";
import { startPictures } from "./pictures.js";
import { startSaving } from "./saving.js";
import { startLink } from "./link.js";
import { startSteps } from "./steps.js";

startSteps();
startPictures();
startOrigin();
startSaving();
startLink();
startLive();
