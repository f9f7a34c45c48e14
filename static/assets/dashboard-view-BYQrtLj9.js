<<<<<<<< HEAD:static/assets/dashboard-view-BYQrtLj9.js
export{t as DashboardGrid,n as DashboardSelector}from"./dashboard-view-CJyJxbmq.js";
========
export{t as DashboardGrid,n as DashboardSelector}from"./dashboard-view-CHx2hPUY.js";
>>>>>>>> pay:static/assets/dashboard-view-DmR6hmbb.js
