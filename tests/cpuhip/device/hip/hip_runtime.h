#pragma once  // every kernel text gets cpuhip_device.h already
